import { LIMITS, type Redactor } from '../kernel/redaction.js';
import { parseJsonObject } from './json-object.js';

/** Members by which servers explain errors to people when they do not follow RFC 6749 §5.2. */
const MEMBERS = ['error_description', 'message', 'error_message', 'detail', 'title', 'description'] as const;

/** How many characters of a page are read: its message to people is near the beginning. */
const LONGEST_PAGE = 2_000;

/** The longest word that is shown. A longer one, or one that looks like a parameter, may be an unknown token. */
const LONGEST_WORD = 30;

/**
 * Returns the message to people in a response without an OAuth error: a member of its JSON, or the text of its page.
 * Only prose is shown, because the rest of a body may hold anything. Empty if there is none.
 */
export function humanMessage(text: string, redact: Redactor): string {
  const members = parseJsonObject(text);
  if (members !== undefined) return prose(redact(messageIn(members) ?? nestedMessage(members) ?? '', LONGEST_PAGE));
  // Text that only begins like JSON is a truncated response, and may hold tokens.
  if (/^\s*[[{"]/.test(text)) return '';
  // Remove the known secrets first, because a tag may be part of one.
  return prose(textOfPage(redact(text, LONGEST_PAGE)));
}

function messageIn(members: Readonly<Record<string, unknown>>): string | undefined {
  return MEMBERS.map((name) => members[name]).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined;
}

/**
 * Returns the message of `{ error: { message } }` or `{ errors: [{ detail }] }`, or an `error` that OAuth does not
 * define.
 */
function nestedMessage({ error, errors }: Readonly<Record<string, unknown>>): string | undefined {
  const first: unknown = Array.isArray(errors) ? errors[0] : error;
  if (typeof first === 'string') return first;
  return typeof first === 'object' && first !== null ? messageIn({ ...first }) : undefined;
}

function textOfPage(page: string): string {
  return page.replace(/<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, ' ').replace(/<[^>]*>?/g, ' ');
}

function prose(text: string): string {
  const words = text.split(/\s+/).map((word) => (word.length > LONGEST_WORD || /[=&{}]/.test(word) ? '…' : word));
  return words
    .join(' ')
    .trim()
    .slice(0, LIMITS.sentence)
    .replace(/[\uD800-\uDBFF]$/, '');
}
