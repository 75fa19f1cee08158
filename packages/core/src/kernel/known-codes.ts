import { FOREIGN_CODES } from './foreign-codes.js';
import { OWN_CODES } from './own-codes.js';

/** Every code that has an entry in `docs/reference/errors.md`. For tools that must not show any other text. */
export const knownErrorCodes: ReadonlySet<string> = new Set(
  [OWN_CODES, FOREIGN_CODES].flatMap((sections) => Object.values(sections).flatMap((section) => Object.keys(section))),
);
