import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { AGAIN, SEED } from '../../../tests/seeds.ts';
import { COMPILE_CACHE } from '../../compile-cache.ts';

/** The soak in a process of its own, in which nothing else is left over; on the built packages. */
async function soak(seed: number, ...options: string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const program = fileURLToPath(new URL('../../soak/main.ts', import.meta.url));
  const run = promisify(execFile)(process.execPath, [program, '--seed', String(seed), ...options], {
    env: { ...process.env, ...COMPILE_CACHE },
  });
  return run.then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout, stderr }) => ({ code, stdout: `${stdout}${stderr}` }),
  );
}

describe.concurrent(`authenticated requests during faults (${AGAIN})`, () => {
  it('end once and as their faults allow, send the token to the API alone, and leave nothing behind', async () => {
    const { code, stdout } = await soak(SEED, '--requests', '500');
    expect(code, stdout).toBe(0);
  });

  it('are checked so closely that seven mutants are detected', async () => {
    const mutants = [
      'retries after failures',
      'sends the token everywhere',
      'drops some requests',
      'ends requests twice',
      'keeps listening',
      'keeps requests',
      'leaves a connection open',
    ];
    const { code, stdout } = await soak(3, '--requests', '250', '--deadline', '1500', '--mutant', mutants.join());
    expect(code).toBe(1);
    for (const violation of [
      'a request is made again after a 401 and with another token alone',
      'a request shows no token to another origin',
      /\d+ requests of undici were never ended/,
      'requests of undici got an event after their end',
      /listeners: \{"shared signal":\d\d+/,
      /MB more are held than after the warm-up/,
      'connections are left',
    ]) {
      expect(stdout).toMatch(violation);
    }
  });
});
