import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { race } from '@frameio-auth/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Runs a race of one instance with a module of this text. */
async function raceWith(text: string): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'misuse-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const module = join(directory, 'instance.mjs');
  await writeFile(module, text);
  return race({ instance: pathToFileURL(module), instances: 1, duration: 0 });
}

describe('a race rejects an instance', () => {
  it('without createInstance in its module', async () => {
    await expect(raceWith('export const instance = 1;')).rejects.toThrow(
      'A instance failed to open: the module exports no createInstance.',
    );
  });

  it('that cannot be created, without the message of its error, which may hold a secret', async () => {
    const text = "export function createInstance() { throw new TypeError('fictional-secret'); }";
    await expect(raceWith(text)).rejects.toThrow(/^A instance failed to open: TypeError\.$/);
  });

  it('with a session that does not use the recorded storage', async () => {
    const text = `export function createInstance({ client, origin }) {
      const session = {
        getAuthorizationUrl: async () => {
          const url = new URL(origin + '/ims/authorize/v2');
          const { clientId, redirectUri, scopes } = client;
          const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
          const parameters = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', ...challenge };
          url.search = String(new URLSearchParams({ ...parameters, scope: scopes.join(' '), state: 'fictional' }));
          return { url: url.href };
        },
        handleCallback: async () => {},
        subscribe: () => {},
      };
      return { session, close: async () => {} };
    }`;
    await expect(raceWith(text)).rejects.toThrow('The session does not use the storage that recordStorage() returned.');
  });
});
