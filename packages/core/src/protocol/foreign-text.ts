import { redact } from '../kernel/secret.js';

/** Makes text that came from outside fit to be shown: without the known secrets and control characters, and short. */
export type Cleaner = (text: string, limit: number) => string;

/** How many characters are kept of a word such as `invalid_grant`, of a sentence, and of an address. */
export const LIMITS = { word: 100, sentence: 200, address: 2048 } as const;

/** Characters that would break a log line, colour a terminal or reverse the reading order. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** @param secrets - every secret that the other side was told, and so may repeat */
export function cleaner(secrets: readonly string[]): Cleaner {
  const known = [...secrets, ...secrets.map(formEncode)]
    // The longest first, or a secret that begins with another one would leave its end behind.
    .sort((one, other) => other.length - one.length);

  return (text, limit) =>
    // Secrets go before anything is cut: half a secret would not be recognized.
    redact(text, known)
      .replace(INVISIBLE, ' ')
      .trim()
      .slice(0, limit)
      // The cut may have halved a character.
      .replace(/[\uD800-\uDBFF]$/, '');
}

/** One value as a form would carry it (RFC 6749 Appendix B): it leaves `-`, `_`, `.` and `*` as they are. */
export function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice('='.length);
}
