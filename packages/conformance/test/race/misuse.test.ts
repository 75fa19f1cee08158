import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { race } from '@frameio-auth/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';

/** Runs a race of one member with a module of this text. */
async function raceWith(text: string): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'misuse-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const module = join(directory, 'member.mjs');
  await writeFile(module, text);
  return race({ member: pathToFileURL(module), members: 1, duration: 0 });
}

describe('a race refuses a member', () => {
  it('whose module exports no createMember', async () => {
    await expect(raceWith('export const member = 1;')).rejects.toThrow(
      'A member failed to open: the module exports no createMember.',
    );
  });

  it('that cannot be made, without the message of its error, which may hold a secret', async () => {
    const text = "export function createMember() { throw new TypeError('fictional-secret'); }";
    await expect(raceWith(text)).rejects.toThrow(/^A member failed to open: TypeError\.$/);
  });

  it('whose session does not use the witnesses that it is given', async () => {
    const text = `export function createMember({ client, origin }) {
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
    await expect(raceWith(text)).rejects.toThrow(
      'The session does not use the storage that witnessStorage() returned.',
    );
  });
});
