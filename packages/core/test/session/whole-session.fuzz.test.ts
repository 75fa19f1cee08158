import { memoryStorage } from '@frameio-auth/storage-memory';
import { manualClock } from '@frameio-auth/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StorageError, TransportError } from '../../src/kernel/errors.js';
import type { TokenStorage } from '../../src/kernel/token-storage.js';
import { adobeIms } from '../../src/protocol/adobe-ims.js';
import { WebAppAuth } from '../../src/web-app-auth.js';
import { anyJson, anything, exposed, isDocumented, runs } from '../fuzzing.js';

const SECRET = 'canary-secret';
const HOUR = 3_600_000;

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeAll(() => void process.on('unhandledRejection', note));
afterAll(() => void process.off('unhandledRejection', note));

type Answer = () => Promise<unknown>;

const grant = (members: object) => ({ access_token: 'canary-access', token_type: 'bearer', ...members });

/** The server's response: tokens, errors, anything, or none. */
const anyAnswer: fc.Arbitrary<Answer> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(200, 200, 400, 401, 403, 429, 500, 503),
      fc.oneof(
        fc.constant(grant({ refresh_token: 'canary-refresh', expires_in: 3600 })),
        fc.constantFrom<unknown>(grant({ expires_in: 0, refresh_token: 'canary-refresh' }), grant({}), {}),
        fc.constantFrom<unknown>({ error: 'invalid_grant' }, { error: 'invalid_client' }, { error: 'ride_act' }),
        anyJson,
      ),
      fc.constantFrom('0', '5', '-1', 'x', '999999999999'),
    )
    .map(
      ([status, body, wait]) =>
        async () =>
          Response.json(body ?? null, { status, headers: { 'retry-after': wait } }),
    ),
  fc.constantFrom<Answer>(
    () => Promise.reject(new TransportError('ECONNREFUSED', 'No server listens.', { delivery: 'not_sent' })),
    () => Promise.reject(new TransportError('timeout', 'No answer.', { delivery: 'unknown' })),
    () => Promise.reject(new TypeError(`fetch failed with ${SECRET}`)),
    () => {
      throw new Error(SECRET);
    },
  ),
  anything.map((value) => async () => value),
);

/** The storage's faults; most of the time, none. */
const anyTrouble: fc.Arbitrary<Answer | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  fc.constantFrom<Answer>(
    () => Promise.reject(new StorageError('STORAGE_DOWN', 'It is down.')),
    () => Promise.reject(new StorageError('record_unreadable', 'It is damaged.', { version: 1 })),
    () => Promise.reject(new Error(`canary-access ${SECRET}`)),
    () => {
      throw new Error(SECRET);
    },
  ),
  anything.map((value) => async () => value),
  fc
    .record(
      {
        outcome: fc.nat({ max: 2 }),
        record: fc.oneof(
          fc.record({
            value: fc.oneof(
              anyJson.map((value) => JSON.stringify(value)),
              anyJson,
            ),
            version: anyJson,
          }),
          fc.record({ value: anyJson.map((value) => JSON.stringify(value)), version: fc.nat({ max: 3 }) }),
          anyJson,
        ),
        version: fc.oneof(fc.nat({ max: 3 }), anyJson),
        now: fc.oneof(fc.constant(Date.UTC(2026, 0, 1)), fc.constantFrom<unknown>(Number.NaN, 1e308), anyJson),
        until: fc.oneof(fc.constantFrom<unknown>(0, 1e308, Number.NaN), anyJson),
        lease: anyJson,
        abandoned: anyJson,
      },
      { requiredKeys: ['outcome'] },
    )
    .map((reply) => async () => reply),
);

const operations = ['read', 'lease', 'renew', 'release', 'commit', 'watch', 'close'] as const;

const outcomes: Readonly<Record<string, readonly string[]>> = {
  lease: ['granted', 'held', 'moved'],
  commit: ['committed', 'conflict', 'conflict'],
};

/** Returns a reply with one of the outcomes that the operation can have, whatever else it contains. */
async function withOutcome(operation: string, answer: unknown): Promise<unknown> {
  const reply = await answer;
  if (typeof reply !== 'object' || reply === null || !('outcome' in reply)) return reply;
  return { ...reply, outcome: outcomes[operation]?.[Number(reply.outcome)] ?? reply.outcome };
}

/** A storage in memory with occasional faults. */
function troubled(storage: TokenStorage, troubles: Iterator<Answer | null>): TokenStorage {
  return new Proxy(storage, {
    get(target, name: (typeof operations)[number]) {
      const act = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        const problem = troubles.next().value;
        if (problem === null || problem === undefined) return act.apply(target, args);
        const answer = withOutcome(name, problem());
        // The result of `watch` is not awaited, so a rejection would be this storage's own fault.
        if (name === 'watch') answer.catch(() => {});
        return answer;
      };
    },
  });
}

/** Repeats the values endlessly, so that a session never runs out of them. */
function* inTurns<Value>(values: readonly Value[]): Generator<Value> {
  for (;;) yield* values;
}

const anyCall = fc.constantFrom(
  ...([
    'getToken',
    'rejected',
    'refresh',
    'revoke',
    'export',
    'import',
    'importOld',
    'begin',
    'callback',
    'exchange',
    'hour',
    'day',
  ] as const),
);

async function called(auth: WebAppAuth, call: string): Promise<unknown> {
  switch (call) {
    case 'getToken':
      return auth.getToken();
    case 'rejected':
      return auth.getToken({ rejected: auth.peekToken() ?? 'canary-access' });
    case 'refresh':
      return auth.refresh();
    case 'revoke':
      return auth.revoke();
    case 'export':
      return auth.exportTokens();
    case 'import':
      return auth.importTokens({ accessToken: 'canary-access', refreshToken: 'canary-refresh', expiresAt: 1e10 });
    case 'importOld':
      return auth.importTokens({ accessToken: 'canary-access', refreshToken: 'canary-refresh', expiresAt: 1 });
    case 'begin':
      return auth.getAuthorizationUrl();
    case 'callback': {
      const { state } = await auth.getAuthorizationUrl();
      return auth.handleCallback(`?${new URLSearchParams({ code: 'canary-code', state })}`);
    }
    default:
      return auth.exchangeCode({ code: 'canary-code' });
  }
}

/** How long the calls of one case may take before they count as hanging, in milliseconds. */
const HANGS = 60_000;

describe('a session with a server and a storage that answer anything', () => {
  it('settles every call with what it promises or a documented error, and shows no secret', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyAnswer, { minLength: 1, maxLength: 8 }),
        fc.array(anyTrouble, { minLength: 1, maxLength: 12 }),
        fc.array(anyCall, { minLength: 1, maxLength: 8 }),
        async (answers, troubles, calls) => {
          const clock = manualClock();
          const turns = inTurns(answers);
          const auth = new WebAppAuth({
            clientId: 'fictional-client',
            clientSecret: SECRET,
            redirectUri: 'https://app.example.com/callback',
            server: adobeIms(),
            transport: () => (turns.next().value as () => Promise<Response>)(),
            storage: troubled(memoryStorage({ clock }), inTurns(troubles)),
            clock,
          });
          const ends: Promise<unknown>[] = [];
          let open = 0;
          for (const call of calls) {
            if (call === 'hour' || call === 'day') {
              await clock.advance(call === 'hour' ? HOUR : 24 * HOUR);
              continue;
            }
            open += 1;
            const end = called(auth, call).then(
              () => undefined,
              (error: unknown) => error ?? new Error('It rejected with nothing'),
            );
            ends.push(end.finally(() => (open -= 1)));
          }
          // No real time passes for the clock's hours, but the platform's hashing takes a while in real time.
          const deadline = performance.now() + HANGS;
          while (open > 0 && performance.now() < deadline) await clock.advance(HOUR);
          expect(open).toBe(0);
          for (const error of await Promise.all(ends)) {
            if (error === undefined) continue;
            expect({ error, isDocumented: isDocumented(error) }).toEqual({ error, isDocumented: true });
            expect(exposed(error)).not.toContain('canary');
          }
          expect(exposed(auth.snapshot)).not.toContain('canary');
          const closing = await auth.close().catch((error: unknown) => error);
          if (closing !== undefined) expect(closing).toBeInstanceOf(StorageError);
          expect(unhandled.splice(0)).toEqual([]);
        },
      ),
      runs(20),
    );
  });
});
