/** The data of the machine's tests: fictional times, tokens, records and failures. */
import type { Failure } from '../../src/kernel/failure.js';
import type { RecordFacts } from '../../src/kernel/record-facts.js';
import type { SessionEnding } from '../../src/kernel/session-ending.js';
import type { TokenFacts } from '../../src/kernel/token-set.js';
import type { SessionInput } from '../../src/machine/context.js';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** When every story begins. */
export const START = Date.UTC(2030, 0, 1);

export const REFRESH_BUFFER = 5 * MINUTE;

export const USER: SessionInput = {
  renewal: 'refresh_token',
  refreshBuffer: REFRESH_BUFFER,
  onStorageUnavailable: 'fail',
};

export const SERVICE: SessionInput = {
  renewal: 'client_credentials',
  refreshBuffer: REFRESH_BUFFER,
  onStorageUnavailable: 'request',
};

export function tokens(issuedAt: number, facts: Partial<TokenFacts> = {}): TokenFacts {
  return { issuedAt, expiresAt: issuedAt + HOUR, refreshable: true, scopes: ['openid'], ...facts };
}

const ENDING: SessionEnding = { cause: 'refresh_token_rejected', failure: null };

export const record = {
  absent: { status: 'absent', version: 0 } satisfies RecordFacts as RecordFacts,
  holding: (version: number, facts: TokenFacts): RecordFacts => ({ status: 'tokens', version, tokens: facts }),
  expired: (version: number, ofVersion?: number): RecordFacts => ({
    status: 'expired',
    version,
    ending: ENDING,
    ...(ofVersion !== undefined && { ofVersion }),
  }),
  revoked: (version: number, signIn?: string): RecordFacts => ({
    status: 'revoked',
    version,
    ...(signIn !== undefined && { signIn }),
  }),
};

/** Returns the storage's failure to read an existing record. */
export function unreadable(version: number): Failure {
  return {
    kind: 'transient',
    source: 'storage',
    code: 'record_unreadable',
    description: 'The record is damaged.',
    version,
  };
}

export const failures = {
  unreachable: {
    kind: 'transient',
    source: 'transport',
    code: 'ECONNREFUSED',
    description: 'No server listens there.',
    delivery: 'not_sent',
  },
  busy: {
    kind: 'transient',
    source: 'server',
    code: 'rate_limited',
    description: 'Too many requests.',
    status: 429,
    retryAfter: 2 * MINUTE,
  },
  lost: {
    kind: 'ambiguous',
    source: 'transport',
    code: 'timeout',
    description: 'No answer came in time.',
    delivery: 'unknown',
  },
  misconfigured: {
    kind: 'configuration',
    source: 'server',
    code: 'invalid_client',
    description: 'The client is not known.',
    status: 401,
  },
  refused: {
    kind: 'terminal',
    source: 'server',
    code: 'invalid_grant',
    description: 'The grant is not valid.',
    status: 400,
  },
  userMustAct: {
    kind: 'terminal',
    source: 'server',
    code: 'access_denied',
    description: 'The terms of use were not accepted.',
    status: 403,
    userActionRequired: true,
  },
  storage: {
    kind: 'transient',
    source: 'storage',
    code: 'storage_timeout',
    description: 'The storage does not answer.',
  },
} satisfies Record<string, Failure>;
