/**
 * The allow-list: for each kind of data, the fields that are shown and their shapes. Everything else is hidden,
 * wherever it comes from: a token in an event of the application's own, a secret in an error message, a scope, a name.
 * New fields of core's events or context do not compile here until they are either allowed or excluded.
 */
import type { SessionContext, SessionEvent } from '@frameio-auth/core/machine';
import { sessionChart, stateIds } from './chart.js';
import { effectNames } from './effect-names.js';
import { publicFailureCode } from './failure-codes.js';
import type {
  SessionFacts,
  ShownContext,
  ShownEffect,
  ShownEnding,
  ShownEvent,
  ShownFailure,
  ShownRecord,
  ShownSnapshot,
  ShownStateValue,
  ShownTokens,
  Span,
} from './messages.js';
import { fields, flag, number, oneOf, orNull, read, type Shape, whole } from './shape.js';

/** Replaces a name that cannot be shown. */
const UNKNOWN = '(unknown)';

const eventTypes: { readonly [Type in SessionEvent['type']]: true } = {
  'session.opened': true,
  'token.requested': true,
  'token.rejected': true,
  'refresh.requested': true,
  'authorization.started': true,
  'authorization.denied': true,
  'code.received': true,
  'tokens.imported': true,
  'revocation.requested': true,
  'record.read': true,
  'record.changed': true,
  'lease.granted': true,
  'lease.held': true,
  'lease.moved': true,
  'commit.succeeded': true,
  'commit.conflicted': true,
  'storage.failed': true,
  'tokenResponse.received': true,
  'tokenRequest.failed': true,
  'revocation.finished': true,
  'refreshTimer.elapsed': true,
  'retryTimer.elapsed': true,
  'pollTimer.elapsed': true,
  'leaseTimer.elapsed': true,
  'authorizationTimer.elapsed': true,
};

function nameIn<Name extends string>(names: { readonly [Each in Name]: true }): Shape<Name> {
  return (value) => (typeof value === 'string' && Object.hasOwn(names, value) ? (value as Name) : undefined);
}

const effectName = nameIn(effectNames);
const eventType = nameIn(eventTypes);
const origin = oneOf('client_credentials', 'refresh_token', 'authorization_code', 'import');
const yes: Shape<true> = (value) => (value === true ? true : undefined);

/** Allows a count: a number, or the length of a list. */
const count: Shape<number> = (value) => number(typeof value === 'object' ? read(value, 'length') : value);

const failure = fields<ShownFailure>({
  kind: oneOf('terminal', 'transient', 'ambiguous', 'configuration'),
  source: oneOf('server', 'transport', 'storage', 'session'),
  code: publicFailureCode,
  delivery: oneOf('not_sent', 'unknown'),
  status: number,
  retryAfter: number,
  userActionRequired: yes,
});

const ending = fields<ShownEnding>({
  cause: oneOf(
    'refresh_token_rejected',
    'refresh_interrupted',
    'user_action_required',
    'access_token_expired',
    'access_token_rejected',
  ),
  failure: orNull(failure),
});

const tokens = fields<ShownTokens>({
  issuedAt: number,
  expiresAt: orNull(number),
  refreshable: flag,
  refreshTokenIssuedAt: number,
  scopes: count,
});

const record = fields<ShownRecord>({
  status: oneOf('absent', 'tokens', 'expired', 'revoked'),
  version: number,
  tokens,
  ending,
});

const context = fields<Required<ShownContext>>({
  renewal: oneOf<SessionContext['renewal']>('client_credentials', 'refresh_token'),
  refreshBuffer: number,
  onStorageUnavailable: oneOf<SessionContext['onStorageUnavailable']>('request', 'fail'),
  version: number,
  newest: number,
  hintedVersion: number,
  hintedOthers: flag,
  tokens: orNull(tokens),
  ending: orNull(ending),
  revoked: flag,
  origin,
  held: orNull(tokens),
  unwritten: orNull(origin),
  requested: flag,
  suspect: flag,
  forcedAt: orNull(number),
  pace: orNull(fields<NonNullable<ShownContext['pace']>>({ from: number, earlyUntil: number, early: number })),
  attempt: number,
  failure: orNull(failure),
  retryAt: orNull(number),
  possiblySpent: flag,
  retried: flag,
});

const eventFields = fields<Omit<ShownEvent, 'type'>>({
  now: number,
  version: number,
  until: number,
  abandoned: flag,
  used: flag,
  tokens,
  record,
  failure,
});

export function shownEvent(value: unknown): ShownEvent {
  const type = read(value, 'type');
  if (type === 'xstate.init' || type === 'xstate.stop') return { type };
  const known = eventType(type);
  return known === undefined ? { type: UNKNOWN } : { type: known, ...eventFields(value) };
}

const effectParameters = fields<NonNullable<ShownEffect['params']>>({
  ifVersion: number,
  expectedVersion: number,
  spent: flag,
  grant: origin,
  from: oneOf('held', 'record'),
  which: oneOf('served', 'held', 'unwritten'),
  timer: oneOf('refresh', 'retry', 'poll', 'lease', 'authorization'),
  notBefore: number,
  notAfter: number,
  status: oneOf('expired', 'revoked'),
  reason: oneOf('not_authenticated', 'revoked', 'ended', 'failed'),
  failure,
  ending,
});

/** Returns an effect of the machine; `undefined` for its other actions, and for anything else. */
export function shownEffect(value: unknown): ShownEffect | undefined {
  const type = effectName(read(value, 'type'));
  if (type === undefined) return undefined;
  const given = read(value, 'params');
  // The contents of a tombstone and a rejection are shown beside the other parameters.
  const params = {
    ...effectParameters(given),
    ...effectParameters(read(given, 'tombstone')),
    ...effectParameters(read(given, 'rejection')),
  };
  return Object.keys(params).length === 0 ? { type } : { type, params };
}

export function shownSnapshot(value: unknown): ShownSnapshot {
  return {
    status: oneOf('active', 'done', 'error', 'stopped')(read(value, 'status')) ?? 'active',
    value: shownStateValue(read(value, 'value'), ''),
    context: context(read(value, 'context')) ?? {},
  };
}

/** The names of the child states of each state. */
const childrenOf = new Map<string, string[]>();
for (const { parent, name } of sessionChart.states) {
  if (parent !== null) childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), name]);
}

/**
 * @param parent - the full name of the state that contains the value
 */
function shownStateValue(value: unknown, parent: string): ShownStateValue {
  const names = childrenOf.get(parent) ?? [];
  if (typeof value === 'string') return names.find((name) => name === value) ?? UNKNOWN;
  // Looks up known names in the value, so that no name is taken from it.
  for (const name of names) {
    const inner = shownStateValue(read(value, name), parent === '' ? name : `${parent}.${name}`);
    if (inner !== UNKNOWN) return { [name]: inner };
  }
  return UNKNOWN;
}

/** Returns the state's full name, such as `refreshing.requesting`. */
export function pathOf(value: ShownStateValue): string {
  if (typeof value === 'string') return value;
  const [name, inner] = Object.entries(value)[0] as [string, ShownStateValue];
  return `${name}.${pathOf(inner)}`;
}

const span = whole<Span>({ notBefore: number, notAfter: number });

/** Allows the facts that another instance reported. */
export const shownFacts = whole<SessionFacts>({
  state: (value) => (typeof value === 'string' && stateIds.has(value) ? value : UNKNOWN),
  now: orNull(number),
  issuedAt: orNull(number),
  expiresAt: orNull(number),
  hasUsableToken: flag,
  refreshAt: orNull(span),
  retryAt: orNull(span),
  attempt: number,
  failure: orNull(failure),
  ending: orNull(ending),
  storage: whole<SessionFacts['storage']>({
    version: number,
    newest: number,
    unwritten: orNull(origin),
    lease: oneOf('none', 'own', 'other'),
  }),
});
