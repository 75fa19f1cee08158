import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { optionalPeer } from '../src/optional-peer.js';

describe('a package that may be missing', () => {
  test('is what was imported, where it is installed', async () => {
    expect(await optionalPeer(() => import('@nestjs/common'))).toHaveProperty('Module');
  });

  test('is missed by nobody where it is not installed', async () => {
    const name = '@studio.example/not-installed';
    expect(await optionalPeer(() => import(/* @vite-ignore */ name))).toBeUndefined();
  });

  test('counts as missing where nothing can be imported, as in Jest without --experimental-vm-modules', async () => {
    const importModuleDynamically = () => Promise.reject(new Error('It is not called.'));
    const code = "return import('@nestjs/common')";
    const load = compileFunction(code, [], { importModuleDynamically }) as unknown as () => Promise<unknown>;
    await expect(load()).rejects.toMatchObject({ code: 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG' });
    expect(await optionalPeer(load)).toBeUndefined();
  });

  test('is not taken for missing when it is there and fails', async () => {
    await expect(optionalPeer(() => Promise.reject(new SyntaxError('fictional')))).rejects.toThrow('fictional');
  });
});
