import { ConfigurationError } from '../kernel/errors.js';
import { KNOWN_ERRORS } from '../kernel/failure-policy.js';
import type { ErrorPattern, ServerProfile } from './server-profile.js';

/** The characters of a header's name (RFC 9110 §5.6.2). */
const HEADER_NAME = /^[!#$%&'*+.^`|~\w-]+$/;

/**
 * Checks the parts of a profile that are compared with the server's responses. A mistake in them would show only when
 * the server rejects a request.
 *
 * @throws ConfigurationError that names the option, also if two options give the same response different meanings
 */
export function checkResponsePatterns(profile: ServerProfile): void {
  const { wrongSecret, userAction, errorKinds, debugIdHeader } = profile;
  if (!Array.isArray(wrongSecret) || ![...wrongSecret].every(isPattern)) {
    refuse(
      'wrongSecret',
      "must list the answers that refuse a client secret, each with an error, a status, or both: [{ error: 'invalid_client' }, { status: 403 }].",
    );
  }
  if (userAction !== undefined && !(isText(userAction?.errorPrefix) && isText(userAction.addressField))) {
    refuse('userAction', 'must hold an errorPrefix and an addressField, neither of them empty.');
  }
  const kinds: readonly unknown[] = ['terminal', 'transient', 'configuration'];
  const isMap = typeof errorKinds === 'object' && errorKinds !== null;
  if (!isMap || !Object.values(errorKinds).every((kind) => kinds.includes(kind))) {
    refuse('errorKinds', "must map the server's words to 'terminal', 'transient' or 'configuration'.");
  }
  if (debugIdHeader !== undefined && !(isText(debugIdHeader) && HEADER_NAME.test(debugIdHeader))) {
    refuse('debugIdHeader', 'must be the name of a header.');
  }
  checkOverlaps(profile);
}

/** Rejects two options that match the same response, because one of them must be a mistake. */
function checkOverlaps({ wrongSecret, userAction, errorKinds, bareBadRequest }: ServerProfile): void {
  for (const { error, description, status } of wrongSecret) {
    if (
      error !== undefined &&
      description === undefined &&
      status === undefined &&
      Object.keys(errorKinds).includes(error)
    ) {
      refuse('errorKinds', `has "${error}", which wrongSecret lists too. Leave it in one of them.`);
    }
    if (error === undefined && status === 400 && bareBadRequest === 'terminal') {
      refuse(
        'bareBadRequest',
        "is 'terminal', and wrongSecret lists the status 400 too: a wrong secret would end every session. Leave out one of them.",
      );
    }
  }
  if (userAction === undefined) return;
  const { errorPrefix } = userAction;
  const others = [...KNOWN_ERRORS, ...Object.keys(errorKinds), ...wrongSecret.map(({ error = '' }) => error)];
  const claimed = others.find((error) => error.startsWith(errorPrefix));
  if (claimed !== undefined) {
    refuse(
      'userAction',
      `has the errorPrefix "${errorPrefix}", with which "${claimed}" begins, and that has another meaning. Give a longer prefix.`,
    );
  }
}

function isPattern(pattern: Partial<ErrorPattern> | null | undefined): pattern is ErrorPattern {
  if (typeof pattern !== 'object' || pattern === null) return false;
  const { error, description, status } = pattern;
  if (error === undefined && (status === undefined || description !== undefined)) return false;
  const isStatus = status === undefined || (Number.isInteger(status) && status >= 400 && status <= 599);
  return isStatus && (error === undefined || isText(error)) && (description === undefined || isText(description));
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refuse(option: keyof ServerProfile, complaint: string): never {
  throw new ConfigurationError('invalid_option', `server.${option} ${complaint}`);
}
