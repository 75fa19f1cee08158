import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Trial, tortureBySeeds } from '../torture.ts';

let printed = '';

beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});

afterEach(() => vi.restoreAllMocks());

const single: Trial = {
  name: 'single',
  command: (seed) => ['single', '--seed', String(seed)],
  again: (seed) => ['single', '--seed', String(seed)],
};

const several: Trial = {
  name: 'several',
  seeds: 100,
  command: (seed) => ['several', '--from', String(seed)],
  again: (seed) => ['several', '--seed', String(seed)],
  failing: /^seed (\d+):/gm,
};

/** Runs `turns` trials. Commands pass, except those with other `outcomes`. */
async function torture(outcomes: Record<string, { code: number; output: string }> = {}, turns = 4) {
  const commands: string[] = [];
  const kept: string[] = [];
  const code = await tortureBySeeds({
    trials: [single, several],
    seed: 7,
    hasTime: () => commands.length < turns,
    run: async (command) => {
      commands.push(command.join(' '));
      return outcomes[command.join(' ')] ?? { code: 0, output: '' };
    },
    keep: async (name, output) => void kept.push(`${name}: ${output}`),
  });
  return { code, commands, kept };
}

describe('torture', () => {
  it('gives each trial other seeds until the time is over, and passes if all trials pass', async () => {
    const { code, commands } = await torture();

    expect(commands).toEqual(['single --seed 7', 'several --from 8', 'single --seed 108', 'several --from 109']);
    expect(code).toBe(0);
    expect(printed).toMatch(/\n4 runs in .* s, 0 failing seeds\n$/);
  });

  it('runs each trial at least once', async () => {
    expect((await torture({}, 0)).commands).toEqual(['single --seed 7', 'several --from 8']);
  });

  it('prints the command that repeats each failed seed, keeps the output, and fails', async () => {
    const { code, kept } = await torture({
      'single --seed 7': { code: 1, output: 'broken' },
      'several --from 8': { code: 1, output: 'seed 21: one holder\nseed 22: recovery\n' },
    });

    expect(code).toBe(1);
    const commands = ['single --seed 7', 'several --seed 21', 'several --seed 22'];
    for (const command of commands) expect(printed).toContain(`npm run ${command.replace(' ', ' -- ')}\n`);
    expect(printed).toMatch(/ 3 failing seeds\n/);
    expect(kept).toEqual(['single 7: broken', 'several 8: seed 21: one holder\nseed 22: recovery\n']);
  });

  it('prints the whole command if a run of several seeds dies without naming one', async () => {
    const { code } = await torture({ 'several --from 8': { code: 139, output: 'Segmentation fault' } });

    expect(code).toBe(1);
    expect(printed).toContain('npm run several -- --from 8\n');
  });
});

it('the process that keeps the cores busy ends with the process that started it', async () => {
  const busyCores = fileURLToPath(new URL('../busy-cores.ts', import.meta.url));
  const starter = `
    const { spawn } = require('node:child_process');
    spawn(process.execPath, [${JSON.stringify(busyCores)}], { stdio: ['pipe', 'inherit', 'inherit'] });
  `;
  const parent = spawn(process.execPath, ['-e', starter], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Both processes have the pipe, so it ends after both have.
  const said = text(parent.stdout);
  await once(parent.stdout, 'data');

  parent.kill('SIGKILL');

  expect(await said).toBe('busy\n');
});
