import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../src/kernel/failure.js';
import type { RecordFacts } from '../../src/kernel/record-facts.js';
import type { TokenFacts } from '../../src/kernel/token-set.js';
import type { SessionInput } from '../../src/machine/context.js';
import type { Effect } from '../../src/machine/effects.js';
import type { SessionEvent, SessionOccurrence } from '../../src/machine/events.js';
import { initialSnapshot, type MachineSnapshot, pathOf, transition } from '../../src/machine/transition.js';
import { runs } from '../fuzzing.js';
import { failures, HOUR, MINUTE, record, START, tokens } from './fixtures.js';

const anyInput: fc.Arbitrary<SessionInput> = fc.record({
  renewal: fc.constantFrom('client_credentials', 'refresh_token'),
  refreshBuffer: fc.constantFrom(0, 5 * MINUTE, 1e12),
  onStorageUnavailable: fc.constantFrom('request', 'fail'),
});

const anyTime = fc.oneof(
  fc.integer({ min: START - 2 * HOUR, max: START + 4 * HOUR }),
  fc.constantFrom(0, -1, START, Number.MAX_SAFE_INTEGER, 1e308, 0.5),
);

const anyTokens: fc.Arbitrary<TokenFacts> = fc.record({
  issuedAt: anyTime,
  expiresAt: fc.option(anyTime),
  refreshable: fc.boolean(),
  scopes: fc.constant(['openid']),
});

const anyVersion = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(Number.MAX_SAFE_INTEGER, START));

const anyFailure: fc.Arbitrary<Failure> = fc.oneof(
  fc.constantFrom<Failure>(...Object.values(failures)),
  fc.record(
    {
      kind: fc.constantFrom('terminal', 'transient', 'ambiguous', 'configuration'),
      source: fc.constantFrom('server', 'transport', 'storage', 'session'),
      code: fc.constant('FICTIONAL' as const),
      description: fc.constant('It failed.'),
      retryAfter: fc.constantFrom(0, 1, HOUR, 1e15),
      userActionRequired: fc.constant(true as const),
      version: anyVersion,
    },
    { requiredKeys: ['kind', 'source', 'code', 'description'] },
  ),
);

const anyRecord: fc.Arbitrary<RecordFacts> = fc.oneof(
  fc.constant(record.absent),
  fc.tuple(anyVersion, anyTokens).map(([version, facts]) => record.holding(version, facts)),
  fc.tuple(anyVersion, fc.option(anyVersion, { nil: undefined })).map(([version, of]) => record.expired(version, of)),
  anyVersion.map(record.revoked),
);

type DataOf<Type> = Omit<Extract<SessionOccurrence, { readonly type: Type }>, 'type'>;

/** The data of every event: the compiler reports one that is missing. */
const data: {
  readonly [Type in SessionOccurrence['type']]: {
    readonly [Name in keyof DataOf<Type>]: fc.Arbitrary<DataOf<Type>[Name]>;
  };
} = {
  'session.opened': {},
  'token.requested': {},
  'token.rejected': {},
  'refresh.requested': {},
  'authorization.started': {},
  'authorization.denied': {},
  'code.received': {},
  'revocation.requested': {},
  'revocation.finished': {},
  'refreshTimer.elapsed': { used: fc.boolean() },
  'retryTimer.elapsed': {},
  'pollTimer.elapsed': {},
  'leaseTimer.elapsed': {},
  'authorizationTimer.elapsed': {},
  'tokens.imported': { tokens: anyTokens },
  'tokenResponse.received': { tokens: anyTokens },
  'tokenRequest.failed': { failure: anyFailure },
  'record.read': { record: anyRecord },
  'record.changed': { version: anyVersion },
  'lease.granted': { abandoned: fc.boolean() },
  'lease.held': { until: anyTime },
  'lease.moved': { record: anyRecord },
  'commit.succeeded': { version: anyVersion },
  'commit.conflicted': { record: anyRecord },
  'storage.failed': { failure: anyFailure },
};

/** Any event, in any state, with any data. */
const anyOccurrence = fc.oneof(
  ...Object.entries(data).map(([type, fields]) => fc.record({ type: fc.constant(type), ...fields })),
) as fc.Arbitrary<SessionOccurrence>;

/** Mostly a little later each time; sometimes the clock is set. */
const anyHistory = fc.array(
  fc.tuple(
    anyOccurrence,
    fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: HOUR }) },
      anyTime.map((time) => time - START),
    ),
  ),
  { maxLength: 25 },
);

/** Returns the result of a history: the snapshot, the time, and the unanswered requests. */
function lived(input: SessionInput, history: readonly (readonly [SessionOccurrence, number])[]) {
  let snapshot = initialSnapshot(input);
  let now = START;
  let effects: readonly Effect[] = [];
  for (const [occurrence, later] of history) {
    now = Math.min(now + later, START + 24 * HOUR);
    [snapshot, effects] = transition(snapshot, { ...occurrence, now } as SessionEvent);
    expect(snapshot.status).toBe('active');
    for (const effect of effects) expect(effect.type).toMatch(/^[a-zA-Z]+$/);
  }
  return { snapshot, now };
}

/**
 * Returns the successful response to what each busy state waits for, or the timer of each state that waits for time to
 * pass.
 */
function continuation(snapshot: MachineSnapshot, now: number, isUser: boolean): SessionOccurrence {
  const { version } = snapshot.context;
  const next = Math.min(version, Number.MAX_SAFE_INTEGER - 1) + 1;
  const path = pathOf(snapshot);
  const inner = path.slice(path.indexOf('.') + 1);
  if (path === 'revoking.requesting') return { type: 'revocation.finished' };
  switch (inner) {
    case 'reading':
      return { type: 'record.read', record: record.absent };
    case 'leasing':
      return { type: 'lease.granted', abandoned: false };
    case 'requesting':
      return { type: 'tokenResponse.received', tokens: tokens(now, { refreshable: isUser }) };
    case 'committing':
    case 'writingTombstone':
      return { type: 'commit.succeeded', version: next };
    case 'backingOff':
      return { type: 'retryTimer.elapsed' };
    case 'waiting':
      return { type: 'pollTimer.elapsed' };
    case 'unsaved':
      // The write is retried, and then succeeds.
      return Math.floor(now) % 2 === 0 ? { type: 'retryTimer.elapsed' } : { type: 'commit.succeeded', version: next };
    case 'unread':
      return { type: 'session.opened' };
    default:
      return isUser ? { type: 'code.received' } : { type: 'token.requested' };
  }
}

describe('the machine, with any events in any order', () => {
  it('accepts each event without an error, and stays plain data', () => {
    fc.assert(
      fc.property(anyInput, anyHistory, (input, history) => {
        const { snapshot } = lived(input, history);
        expect(pathOf(snapshot)).not.toBe('settling');
        const { value, context } = snapshot;
        expect(JSON.parse(JSON.stringify({ value, context }))).toEqual({ value, context });
      }),
      runs(150),
    );
  });

  it('has a way out of every state: with good responses, its timers and a sign-in it gets fresh tokens', () => {
    fc.assert(
      fc.property(anyInput, anyHistory, (input, history) => {
        let { snapshot, now } = lived(input, history);
        const path = [pathOf(snapshot)];
        for (let steps = 0; steps < 20; steps += 1) {
          // Only tokens received after the history are fresh.
          if (pathOf(snapshot) === 'valid.fresh' && snapshot.context.tokens?.issuedAt === now) return;
          if (/^valid\./.test(pathOf(snapshot)) && snapshot.context.tokens?.expiresAt === null) return;
          if (/^valid\./.test(pathOf(snapshot)) && (snapshot.context.tokens?.expiresAt ?? 0) > now) return;
          now += 1;
          const event = { ...continuation(snapshot, now, input.renewal === 'refresh_token'), now } as SessionEvent;
          [snapshot] = transition(snapshot, event);
          path.push(`${event.type} → ${pathOf(snapshot)}`);
        }
        expect(path).toEqual('to end in fresh tokens');
      }),
      runs(150),
    );
  });
});
