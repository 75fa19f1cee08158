import { createHmac } from 'node:crypto';

/** Characters that would break a line, colour a terminal or reverse the reading order. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

const LONGEST_LABEL = 80;

/** A text that somebody chose, fit to be a label: in one line, and short. */
export function shownLabel(text: string): string {
  return text
    .slice(0, 4 * LONGEST_LABEL)
    .replace(INVISIBLE, ' ')
    .trim()
    .slice(0, LONGEST_LABEL);
}

/** How a session is called whose key is this. */
export type Labelling = (key: string) => string;

/**
 * Pseudonyms, the same for the same key as long as the label key is the same. Whoever does not have it cannot try out
 * whose session one belongs to, as could be done with a plain hash of an e-mail address. The auth object's own session
 * is nobody's, and stays `default`.
 */
export function byPseudonym(labelKey: string): Labelling {
  return (key) =>
    key === 'default' ? key : `session-${createHmac('sha256', labelKey).update(key).digest('hex').slice(0, 8)}`;
}
