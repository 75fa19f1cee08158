import type { Failure } from '../kernel/failure.js';
import { kindOfRefusal, type Purpose } from '../kernel/failure-policy.js';
import { type Answer, isUnserved } from './exchange.js';
import { type Cleaner, LIMITS } from './foreign-text.js';
import { parseJsonObject } from './json-object.js';
import { judgeable, presentRefusal, type Refusal, readRefusal } from './refusal.js';
import { retryAfterOf } from './retry-after.js';
import type { ServerProfile } from './server-profile.js';

export interface ErrorContext {
  readonly profile: ServerProfile;
  readonly purpose: Purpose;
  readonly clean: Cleaner;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** Whether the answer means "not this client secret". */
export function saysWrongSecret(profile: ServerProfile, answer: Answer): boolean {
  const refusal = isUnserved(answer.status) ? undefined : refusalIn(profile, answer);
  const { error, description } = profile.wrongSecret;
  return refusal?.error === error && (description === undefined || refusal.description === description);
}

/** The refusal in the body of an answer; `undefined` for one that is empty, HTML, or anything else. */
function refusalIn(profile: ServerProfile, { status, text }: Answer): Refusal | undefined {
  const members = status >= 400 ? parseJsonObject(text) : undefined;
  return members && readRefusal(profile, (name) => members[name]);
}

/** What an answer that does not grant the request means. */
export function failureOfAnswer(answer: Answer, { profile, purpose, clean, now }: ErrorContext): Failure {
  const { status, headers } = answer;
  const refusal = refusalIn(profile, answer);
  const kind = kindOfRefusal({ purpose, status, ...judgeable(profile, refusal) });
  const retryAfter = kind === 'transient' ? retryAfterOf(headers, now) : undefined;
  const debugId = clean((profile.debugIdHeader && headers.get(profile.debugIdHeader)) ?? '', LIMITS.word);
  return {
    kind,
    source: 'server',
    ...(refusal ? presentRefusal(profile, refusal, clean) : wordsForStatus(profile, status)),
    ...(status > 0 && { status }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(debugId !== '' && { debugId }),
  };
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
