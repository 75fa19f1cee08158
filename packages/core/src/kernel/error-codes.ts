import type { FOREIGN_CODES } from './foreign-codes.js';
import type { OWN_CODES } from './own-codes.js';

/** The meaning of a code and what to do, in one or two sentences each, for readers of a log. */
export interface CodeEntry {
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * Every section of `docs/reference/errors.md`, which is generated from the two tables. Errors accept only codes with an
 * entry there, so a new code gets its entry first. Applications do not load the tables; they serve the page, the types and the inspector.
 */
type Sections = typeof OWN_CODES & typeof FOREIGN_CODES;

/** A code that has an entry in `docs/reference/errors.md`. */
export type KnownErrorCode = { [Section in keyof Sections]: keyof Sections[Section] }[keyof Sections];

declare const foreign: unique symbol;

/**
 * A foreign code: one of the platform or of Redis, in capitals; one for a status; or one that `foreignCode()` marks.
 */
export type ForeignErrorCode = Uppercase<string> | `http_${number}` | (string & { readonly [foreign]: true });

/** Any code that an error of these packages can have. */
export type ErrorCode = KnownErrorCode | ForeignErrorCode;
