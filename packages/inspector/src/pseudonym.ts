import { createHmac } from 'node:crypto';

/** Characters that would break a line, colour a terminal or reverse the reading order. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

const MAX_LABEL = 80;

/** Converts any text into a label: one line, and short. */
export function shownLabel(text: string): string {
  return text
    .slice(0, 4 * MAX_LABEL)
    .replace(INVISIBLE, ' ')
    .trim()
    .slice(0, MAX_LABEL);
}

/** Returns the label of the session with a key. */
export type LabelOf = (key: string) => string;

/**
 * Creates pseudonyms, the same for the same key as long as the label key is the same. Without the label key, the
 * session of a pseudonym cannot be found by trying, as it could with a plain hash of an e-mail address. The auth
 * object's own session belongs to no user, and stays `default`.
 */
export function pseudonymOf(labelKey: string): LabelOf {
  return (key) =>
    key === 'default' ? key : `session-${createHmac('sha256', labelKey).update(key).digest('hex').slice(0, 8)}`;
}
