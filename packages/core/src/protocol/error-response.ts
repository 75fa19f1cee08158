import type { Failure, FailureKind } from '../kernel/failure.js';
import { type Answer, isServerFailure } from './exchange.js';
import type { Cleaner } from './foreign-text.js';
import { kindOfRefusal, presentRefusal, type Refusal, readRefusal } from './refusal.js';
import { retryAfterOf } from './retry-after.js';
import type { ServerProfile } from './server-profile.js';

/** What a request is for; what its refusal means depends on it. */
export type Purpose = 'client_credentials' | 'authorization_code' | 'refresh_token' | 'revocation';

export interface ErrorContext {
  readonly profile: ServerProfile;
  readonly purpose: Purpose;
  readonly clean: Cleaner;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** The refusal in the body of an answer; `undefined` for one that is empty, HTML, or anything else. */
export function refusalIn(profile: ServerProfile, { text }: Answer): Refusal | undefined {
  const members = parseObject(text);
  return members && readRefusal(profile, (name) => (Object.hasOwn(members, name) ? members[name] : undefined));
}

/** The members of a JSON object; `undefined` for any other text. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** What an answer that does not grant the request means. */
export function failureOfAnswer(answer: Answer, { profile, purpose, clean, now }: ErrorContext): Failure {
  const { status, headers } = answer;
  const refusal = status >= 400 ? refusalIn(profile, answer) : undefined;
  const kind = kindOfAnswer(profile, purpose, status, refusal);
  const retryAfter = kind === 'transient' ? retryAfterOf(headers, now) : undefined;
  const debugId = clean((profile.debugIdHeader && headers.get(profile.debugIdHeader)) ?? '', 100);
  return {
    kind,
    source: 'server',
    ...(refusal ? presentRefusal(profile, refusal, clean) : wordsForStatus(profile, status)),
    ...(status > 0 && { status }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(debugId !== '' && { debugId }),
  };
}

/**
 * The class of the status goes first: a server that fails or asks to wait has judged nothing, whatever its body says.
 * Then come the words; those that nobody knows refuse the credential, which for client credentials is the client's own.
 */
function kindOfAnswer(
  profile: ServerProfile,
  purpose: Purpose,
  status: number,
  refusal: Refusal | undefined,
): FailureKind {
  if (isServerFailure(status)) return 'transient';
  // It was granted, it seems, and what for cannot be read: a refresh token may well be spent.
  if (status < 400) return 'ambiguous';
  const refused = purpose === 'client_credentials' ? 'configuration' : 'terminal';
  if (refusal) return kindOfRefusal(profile, refusal) ?? refused;
  // RFC 6749 §5.2 refuses with 400 or 401. A bare 403, 404 or 407 comes from a firewall, a proxy or a wrong address:
  // none of them knows the user's credential, and none of them may end a session.
  return status === 400 || status === 401 ? refused : 'configuration';
}

function wordsForStatus({ name }: ServerProfile, status: number): Pick<Failure, 'code' | 'description'> {
  if (status < 200 || (status >= 300 && status < 400)) {
    return { code: 'redirect_refused', description: `${name} answered with a redirect, which is never followed.` };
  }
  if (status < 300) {
    return { code: 'invalid_response', description: `${name} answered ${status} without what was asked for.` };
  }
  return { code: `http_${status}`, description: `${name} answered ${status} without a word of OAuth.` };
}
