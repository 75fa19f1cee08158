import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('process-main.ts', import.meta.url));

/**
 * Starts an application with sessions, which finally closes its client but not its storage. It runs the built packages.
 */
export async function startForgetfulProcess(kind: 'server' | 'cluster', close: 'quit' | 'disconnect', port: number) {
  const child = spawn(process.execPath, [MAIN, kind, close, String(port)], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  await once(child.stdout, 'data'); // It has received a hint.
  return { end: () => child.stdin.end('close\n'), exited };
}
