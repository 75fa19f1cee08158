import type { FOREIGN_CODES } from './foreign-codes.js';
import type { OWN_CODES } from './own-codes.js';

/** What a code means, and what to do about it: for the reader of a log, in one or two sentences each. */
export interface CodeEntry {
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * Every section of `docs/reference/errors.md`, which is made from the two tables. The errors take no code that has no
 * entry there, so a new one gets its entry first. The tables are for the page and the types alone: no module loads them.
 */
type Sections = typeof OWN_CODES & typeof FOREIGN_CODES;

/** A code that has an entry in `docs/reference/errors.md`. */
export type KnownErrorCode = { [Section in keyof Sections]: keyof Sections[Section] }[keyof Sections];

declare const foreign: unique symbol;

/**
 * A code that others made: the platform's and Redis' own, which are in capitals, one for a status, or a word that
 * `foreignCode()` marks.
 */
export type ForeignErrorCode = Uppercase<string> | `http_${number}` | (string & { readonly [foreign]: true });

/** Any code that an error of these packages can have. */
export type ErrorCode = KnownErrorCode | ForeignErrorCode;
