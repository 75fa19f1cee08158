import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import {
  alreadyUsed,
  type PendingAuthorization,
  PendingAuthorizations,
} from '../../src/session/pending-authorizations.js';
import { storageKeys } from '../../src/session/storage-keys.js';

const STATE = 'a-state.fictional';
const VERIFIER = 'a-code-verifier.fictional';
const MINUTE = 60_000;

function pendings() {
  const clock = manualClock();
  const storage = memoryStorage({ clock });
  const keys = storageKeys(adobeIms(), 'review-portal.fictional');
  const pending = {
    sessionKey: 'mara',
    redirectUri: 'https://review-portal.example/callback',
    scopes: ['openid', 'profile'],
    codeVerifier: new Secret(VERIFIER),
  };
  return { clock, storage, keys, pending, authorizations: new PendingAuthorizations(storage, keys, clock) };
}

/** Reads a sign-in and marks it as used. */
async function take(
  authorizations: PendingAuthorizations,
  state: string,
  sessionKey?: string,
): Promise<PendingAuthorization> {
  const found = await authorizations.find(state, sessionKey);
  if (found.begun === undefined || !(await authorizations.consume(found))) throw alreadyUsed();
  return found.begun;
}

describe('a sign-in in progress', () => {
  it('is taken as it was begun, once', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const taken = await take(authorizations, STATE);
    expect({ ...taken, codeVerifier: taken.codeVerifier.reveal() }).toEqual({ ...pending, codeVerifier: VERIFIER });
    await expect(take(authorizations, STATE)).rejects.toMatchObject({
      name: 'AuthenticationError',
      code: 'state_used',
    });
  });

  it('is not completed if it is unknown or was not taken', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const proof = { sessionKey: 'mara', code: new Secret('a-code.fictional') };
    for (const state of ['another-state.fictional', STATE]) {
      await expect(authorizations.completed(state, proof)).rejects.toMatchObject({ code: 'state_used' });
    }
  });

  it('is taken by one of those who try at once', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => take(authorizations, STATE)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is taken by one of two who have both read it', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const [one, other] = await Promise.all([authorizations.find(STATE), authorizations.find(STATE)]);
    const used = await Promise.all([one, other].map((found) => authorizations.consume(found)));
    expect(used.filter(Boolean)).toHaveLength(1);
  });

  it('is left to the session that began it', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    await expect(take(authorizations, STATE, 'ode')).rejects.toMatchObject({ code: 'state_mismatch' });
    expect(await take(authorizations, STATE, 'mara')).toMatchObject({ sessionKey: 'mara' });
  });

  it('stays good when it is only read, because what comes after it cannot be begun', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    await authorizations.find(STATE);
    expect(await take(authorizations, STATE)).toMatchObject({ sessionKey: 'mara' });
  });

  it('is good for ten minutes', async () => {
    const { clock, authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    await authorizations.begin(`${STATE}.2`, pending);
    clock.setNow(clock.now() + 10 * MINUTE - 1);
    await take(authorizations, STATE);
    clock.setNow(clock.now() + 1);
    await expect(take(authorizations, `${STATE}.2`)).rejects.toMatchObject({ code: 'state_unknown' });
    // That it was used is remembered for the same time again.
    await expect(take(authorizations, STATE)).rejects.toMatchObject({ code: 'state_used' });
    clock.setNow(clock.now() + 10 * MINUTE);
    await expect(take(authorizations, STATE)).rejects.toMatchObject({ code: 'state_unknown' });
  });

  it('keeps its state from another one, while it lasts and after', async () => {
    const { authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const inUse = { name: 'ConfigurationError', code: 'state_in_use' };
    await expect(authorizations.begin(STATE, pending)).rejects.toMatchObject(inUse);
    await take(authorizations, STATE);
    await expect(authorizations.begin(STATE, pending)).rejects.toMatchObject(inUse);
  });

  it('that was taken leaves no verifier in the storage', async () => {
    const { storage, keys, authorizations, pending } = pendings();
    await authorizations.begin(STATE, pending);
    const key = await keys.authorization(STATE);
    expect((await storage.read(key)).record?.value).toContain(VERIFIER);
    await take(authorizations, STATE);
    expect((await storage.read(key)).record?.value).not.toContain(VERIFIER);
  });

  it.each([
    ['is damaged', `{"format":1,"codeVerifier":"${VERIFIER}`],
    ['is of another version', JSON.stringify({ format: 2, codeVerifier: VERIFIER })],
    ['lacks something', JSON.stringify({ format: 1, sessionKey: 'mara', codeVerifier: VERIFIER })],
    ['is null', 'null'],
  ])('cannot be taken if its record %s, which is not quoted', async (_name, value) => {
    const { storage, keys, authorizations } = pendings();
    await storage.commit(await keys.authorization(STATE), { value, expectedVersion: 0 });
    const error = await take(authorizations, STATE).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ name: 'StorageError', code: 'record_unreadable' });
    expect(JSON.stringify([error, (error as Error).stack])).not.toContain(VERIFIER);
  });

  it('cannot begin or be taken while the storage is down', async () => {
    const { storage, authorizations, pending } = pendings();
    await storage.close();
    for (const call of [() => authorizations.begin(STATE, pending), () => take(authorizations, STATE)]) {
      await expect(call()).rejects.toMatchObject({ name: 'StorageError', code: 'storage_closed' });
    }
  });
});
