import type { Button } from './buttons/button.ts';
import { kill, killHolder, pause, pauseHolder, resume, start } from './buttons/crashes.ts';
import { revoke, rotate, withdraw } from './buttons/operations.ts';
import { losePermanently, loseResponse, server } from './buttons/outages.ts';
import { call, expire, signIn } from './buttons/use.ts';

/** Every button, by its name on the page. */
export const buttons: Readonly<Record<string, Button>> = {
  'sign-in': signIn,
  call,
  expire,
  server,
  'lose-response': loseResponse,
  'lose-permanently': losePermanently,
  'pause-holder': pauseHolder,
  'kill-holder': killHolder,
  rotate,
  revoke,
  withdraw,
  pause,
  resume,
  kill,
  start,
};
