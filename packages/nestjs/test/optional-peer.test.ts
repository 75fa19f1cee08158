import { compileFunction } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { unlessMissing } from '../src/optional-peer.js';

/** Resolves to the error of a package's import. */
async function failureOf(load: () => Promise<unknown>): Promise<unknown> {
  return load().then(
    () => expect.fail('It can be imported.'),
    (error: unknown) => error,
  );
}

describe('a package that may be missing', () => {
  test('is treated as absent where it is not installed', async () => {
    const name = '@studio.example/not-installed';
    expect(unlessMissing(await failureOf(() => import(/* @vite-ignore */ name)))).toBeUndefined();
  });

  test('counts as missing where nothing can be imported, as in Jest without --experimental-vm-modules', async () => {
    const importModuleDynamically = () => Promise.reject(new Error('It is not called.'));
    const code = "return import('@nestjs/common')";
    const load = compileFunction(code, [], { importModuleDynamically }) as unknown as () => Promise<unknown>;
    const failure = await failureOf(load);
    expect(failure).toMatchObject({ code: 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG' });
    expect(unlessMissing(failure)).toBeUndefined();
  });

  test('is not taken for missing when it is there and fails', () => {
    expect(() => unlessMissing(new SyntaxError('fictional'))).toThrow('fictional');
  });
});
