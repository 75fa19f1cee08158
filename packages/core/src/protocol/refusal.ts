import type { FailureKind } from '../kernel/failure.js';
import type { Cleaner } from './foreign-text.js';
import type { ServerProfile } from './server-profile.js';
import { isPrivate } from './web-address.js';

/** The server's words of refusal, as they came: the same in an answer (RFC 6749 §5.2) and a callback (§4.1.2.1). */
export interface Refusal {
  readonly error: string;
  readonly description?: string;
  /** Where it wants the user to act, if it does. */
  readonly actionUrl?: string;
}

/** Bounds, in characters, for what is kept of a server's words. */
const LIMITS = { error: 100, description: 200, actionUrl: 2048 };

/** What the words mean for which the RFC has a meaning; all others refuse the credential. */
const KINDS: Readonly<Record<string, FailureKind>> = {
  invalid_client: 'configuration',
  unauthorized_client: 'configuration',
  unsupported_grant_type: 'configuration',
  unsupported_response_type: 'configuration',
  invalid_scope: 'configuration',
  server_error: 'transient',
  temporarily_unavailable: 'transient',
};

/** Finds the refusal among the members of an answer or the parameters of a callback; `undefined`, if there is none. */
export function readRefusal(profile: ServerProfile, member: (name: string) => unknown): Refusal | undefined {
  const [error, description, actionUrl] = ['error', 'error_description', profile.userAction?.addressField].map(
    (name) => (name === undefined ? undefined : member(name)),
  );
  if (typeof error !== 'string' || error === '') return undefined;
  return {
    error,
    ...(typeof description === 'string' && description !== '' && { description }),
    ...(typeof actionUrl === 'string' && { actionUrl }),
  };
}

/** What the refusal means for the credential; `undefined` where it is simply refused. */
export function kindOfRefusal(profile: ServerProfile, { error }: Refusal): FailureKind | undefined {
  if (demandsAction(profile, error)) return 'terminal';
  for (const kinds of [profile.errorKinds, KINDS]) {
    if (Object.hasOwn(kinds, error)) return kinds[error];
  }
  return undefined;
}

/** Whether the server means "not this client secret". */
export function isWrongSecret({ wrongSecret }: ServerProfile, { error, description }: Refusal): boolean {
  return (
    error === wrongSecret.error && (wrongSecret.description === undefined || description === wrongSecret.description)
  );
}

/** The server's words in a form that may be shown and logged, as a failure has them. */
export function presentRefusal(profile: ServerProfile, refusal: Refusal, clean: Cleaner) {
  const code = clean(refusal.error, LIMITS.error);
  const description = clean(refusal.description ?? '', LIMITS.description);
  const actionUrl = demandsAction(profile, refusal.error) ? presentUrl(refusal.actionUrl, clean) : undefined;
  return {
    code,
    description: description === '' ? `${profile.name} gave no description.` : description,
    ...(demandsAction(profile, refusal.error) && { userActionRequired: true as const }),
    ...(actionUrl !== undefined && { actionUrl }),
  };
}

function demandsAction({ userAction }: ServerProfile, error: string): boolean {
  return userAction !== undefined && error.startsWith(userAction.errorPrefix);
}

/** An address is for users to open: https, without user name and password, and whole and untouched or not at all. */
function presentUrl(text: string | undefined, clean: Cleaner): string | undefined {
  if (text === undefined || clean(text, LIMITS.actionUrl) !== text || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return isPrivate(url) && url.username === '' && url.password === '' ? url.href : undefined;
}
