import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AuthenticationError, StorageError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import {
  alreadyUsed,
  type PendingAuthorization,
  PendingAuthorizations,
} from '../../src/session/pending-authorizations.js';
import { storageKeys } from '../../src/session/storage-keys.js';
import { anyJson, anyText, exposed, mutated, rejectionOf, runs } from '../fuzzing.js';

const VERIFIER = 'canary-verifier';
const STATE = 'a-state.fictional';
const keys = storageKeys(adobeIms(), 'review-portal.fictional');

const wellFormed = fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text));

const anyPending: fc.Arbitrary<PendingAuthorization> = fc.record({
  sessionKey: wellFormed,
  redirectUri: fc.oneof(fc.webUrl(), wellFormed),
  scopes: fc.array(fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,20}$/)),
  codeVerifier: wellFormed.map((text) => new Secret(VERIFIER + text)),
});

const revealed = (pending: PendingAuthorization) => ({ ...pending, codeVerifier: pending.codeVerifier.reveal() });

async function take(authorizations: PendingAuthorizations, state: string): Promise<PendingAuthorization> {
  const found = await authorizations.find(state);
  if (found.begun === undefined || !(await authorizations.consume(found))) throw alreadyUsed();
  return found.begun;
}

const oddRecord = fc
  .record(
    {
      format: fc.oneof(fc.constantFrom(1, 1, 1, 2), anyJson),
      used: fc.oneof(fc.constantFrom(true, false), anyJson),
      sessionKey: fc.oneof(fc.constant('mara'), anyJson),
      redirectUri: fc.oneof(fc.constant('https://review-portal.example/callback'), anyJson),
      scopes: fc.oneof(fc.constant([{ toString: 1 }]), fc.array(anyJson), anyJson),
      codeVerifier: fc.oneof(fc.constant(VERIFIER), anyJson),
    },
    { requiredKeys: [] },
  )
  .map((body) => JSON.stringify(body));

describe('a sign-in in progress', () => {
  it('is taken as it was begun, once, whatever its state', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, anyPending, async (state, pending) => {
        const authorizations = new PendingAuthorizations(memoryStorage(), keys, manualClock());
        await authorizations.begin(state, pending);
        expect(revealed(await take(authorizations, state))).toEqual(revealed(pending));
        expect(await rejectionOf(take(authorizations, state))).toMatchObject({ code: 'state_used' });
      }),
      runs(100),
    );
  });

  it('is taken, or rejected with a documented error that does not show it, whatever its record says', async () => {
    const records = fc.oneof(
      oddRecord,
      anyText,
      mutated(anyPending.map((pending) => JSON.stringify({ format: 1, ...revealed(pending) }))),
    );
    await fc.assert(
      fc.asyncProperty(records, async (value) => {
        const storage = memoryStorage();
        await storage.commit(await keys.authorization(STATE), { value, expectedVersion: 0 });
        const authorizations = new PendingAuthorizations(storage, keys, manualClock());
        let taken: PendingAuthorization | undefined;
        const error = await rejectionOf(
          take(authorizations, STATE).then((pending) => {
            taken = pending;
          }),
        );
        expect(exposed([error, taken])).not.toContain(VERIFIER);
        if (taken !== undefined) {
          const { sessionKey, redirectUri, scopes } = taken;
          expect([sessionKey, redirectUri, ...scopes].every((text) => typeof text === 'string')).toBe(true);
        } else if (error instanceof AuthenticationError) {
          expect(error.errorCode).toBe('state_used');
        } else {
          expect(error).toBeInstanceOf(StorageError);
          expect(error).toMatchObject({ code: 'record_unreadable' });
        }
      }),
      runs(200),
    );
  });
});
