import type { Button } from './buttons/button.ts';
import { kill, killRenewer, pause, pauseRenewer, resume, start } from './buttons/crashes.ts';
import { revoke, rotate, withdraw } from './buttons/operations.ts';
import { loseAnswer, loseForGood, server } from './buttons/outages.ts';
import { call, expire, signIn } from './buttons/use.ts';

/** Every button, by its name on the page. */
export const buttons: Readonly<Record<string, Button>> = {
  'sign-in': signIn,
  call,
  expire,
  server,
  'lose-answer': loseAnswer,
  'lose-for-good': loseForGood,
  'pause-renewer': pauseRenewer,
  'kill-renewer': killRenewer,
  rotate,
  revoke,
  withdraw,
  pause,
  resume,
  kill,
  start,
};
