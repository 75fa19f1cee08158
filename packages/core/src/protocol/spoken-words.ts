import { type Cleaner, LIMITS } from '../kernel/foreign-text.js';
import { parseJsonObject } from './json-object.js';

/** Members by which servers explain themselves to people when they do not answer as RFC 6749 §5.2 has it. */
const MEMBERS = ['error_description', 'message', 'error_message', 'detail', 'title', 'description'] as const;

/** How many characters are read of a page: what it says to people stands near its beginning. */
const LONGEST_PAGE = 2_000;

/** The longest word that is shown. What is longer, or looks like a parameter, may be a token that nobody here knows. */
const LONGEST_WORD = 30;

/**
 * Returns what an answer without an OAuth error says to people: a member of its JSON, or the text of its page. Only
 * prose is taken over, because the rest of a body may hold anything. Empty when there is none.
 */
export function spokenWords(text: string, clean: Cleaner): string {
  const members = parseJsonObject(text);
  if (members !== undefined) return prose(clean(messageIn(members) ?? nestedMessage(members) ?? '', LONGEST_PAGE));
  // What only looks like JSON is half of an answer, and may hold tokens.
  if (/^\s*[[{"]/.test(text)) return '';
  // The known secrets go first, because a tag may be a part of one.
  return prose(textOfPage(clean(text, LONGEST_PAGE)));
}

function messageIn(members: Readonly<Record<string, unknown>>): string | undefined {
  return MEMBERS.map((name) => members[name]).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined;
}

/** The message of `{ error: { message } }` or `{ errors: [{ detail }] }`, or an `error` that is no word of OAuth. */
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
