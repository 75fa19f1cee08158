import type { UnsuccessfulResponse } from '../kernel/failure-policy.js';
import type { ForeignFailure } from '../kernel/foreign-failure.js';
import { LIMITS, type Redactor } from '../kernel/redaction.js';
import type { ServerProfile } from './server-profile.js';

/** An OAuth error as the server sent it: the same in a response (RFC 6749 §5.2) and a callback (§4.1.2.1). */
export interface OAuthError {
  readonly error: string;
  readonly description?: string;
  /** Where the server requires the user to act, if it does. */
  readonly actionUrl?: string;
}

/** Finds the OAuth error in the members of a response or the parameters of a callback; `undefined` if there is none. */
export function readOAuthError(profile: ServerProfile, member: (name: string) => unknown): OAuthError | undefined {
  const error = member('error');
  const description = member('error_description');
  const actionUrl = profile.userAction && member(profile.userAction.addressField);
  if (typeof error !== 'string' || error === '') return undefined;
  return {
    error,
    ...(typeof description === 'string' && description !== '' && { description }),
    ...(typeof actionUrl === 'string' && { actionUrl }),
  };
}

/** Returns the error as the failure policy expects it, with what the server's profile says of it. */
export function policyInput(
  profile: ServerProfile,
  status: number,
  oauthError: OAuthError | undefined,
): Pick<UnsuccessfulResponse, 'error' | 'ofProfile' | 'requiresAction' | 'unknownIsTerminal'> {
  const unknownIsTerminal = profile.unknownErrors === 'terminal';
  if (oauthError === undefined) {
    const ofProfile = status === 400 ? profile.bareBadRequest : undefined;
    return { error: undefined, ofProfile, requiresAction: false, unknownIsTerminal };
  }
  const { error } = oauthError;
  return {
    error,
    // Not an index access: the server's `error` must not match inherited properties, such as `constructor`.
    ofProfile: Object.entries(profile.errorKinds).find(([word]) => word === error)?.[1],
    requiresAction: requiresAction(profile, error),
    unknownIsTerminal,
  };
}

/** Returns the error as a foreign failure, for `foreignFailure()`. */
export function toForeignFailure(
  profile: ServerProfile,
  { error, description, actionUrl }: OAuthError,
  redact: Redactor,
): ForeignFailure {
  return {
    code: error,
    description: redact(description ?? '', LIMITS.sentence) || `${profile.name} gave no description.`,
    ...(requiresAction(profile, error) && { userActionRequired: true, actionUrl }),
  };
}

function requiresAction({ userAction }: ServerProfile, error: string): boolean {
  return userAction !== undefined && error.startsWith(userAction.errorPrefix);
}
