/** Makes text that came from outside fit to be shown: without the known secrets and control characters, and short. */
export type Cleaner = (text: string, limit: number) => string;

/**
 * How many characters are kept of a word such as `invalid_grant`, of a sentence, of a passage in which one of our
 * sentences quotes one, and of an address. What is our own is never cut; so our sentences are put together from foreign
 * texts that were cut, and not cut when they are whole.
 */
export const LIMITS = {
  word: 100,
  sentence: 200,
  passage: 1000,
  address: 2048,
  own: Number.POSITIVE_INFINITY,
} as const;

/** Characters that would break a log line, colour a terminal or reverse the reading order. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** How many times as long as itself a secret may stand in a text, escaped and broken into lines. */
const SPREAD = 12;

/** How many times the limit is read of a text, for what is taken out to be made up for. */
const ROOM = 4;

/** A part of a text. */
type Span = readonly [start: number, end: number];

/** @param secrets - every secret that the other side was told, and so may repeat */
export function cleaner(secrets: readonly string[]): Cleaner {
  let known: Disguises | undefined;

  return (text, limit) => {
    if (text === '') return '';
    // Most requests are granted, and of those nothing is shown.
    known ??= disguisesOf(secrets);
    const { spellings, traces, longest } = known;
    // Secrets are looked for beyond what is shown, because half a secret would not be recognized.
    const margin = SPREAD * longest;
    const view = text.slice(0, ROOM * limit + margin);
    const safe = view.length < text.length ? ROOM * limit : text.length;
    const spans = [...spellings.flatMap((spelling) => spansOf(view, spelling)), ...spansOfTraces(view, traces)];
    let [clean, at] = ['', 0];
    for (const [start, end] of spans.sort(([one], [other]) => one - other)) {
      if (start >= safe) break;
      if (start >= at) clean += `${view.slice(at, start)}[secret]`;
      at = Math.max(at, end);
    }
    clean += view.slice(at, Math.max(at, safe));
    return (
      clean
        .replace(INVISIBLE, ' ')
        .trim()
        .slice(0, limit)
        // The cut may have halved a character.
        .replace(/[\uD800-\uDBFF]$/, '')
    );
  };
}

/** For text of those who were told no secret, so that it can repeat none. */
export const cleanText: Cleaner = cleaner([]);

/** In what forms secrets may come back. */
interface Disguises {
  readonly spellings: readonly string[];
  readonly traces: readonly string[];
  /** The length of the longest spelling. */
  readonly longest: number;
}

function disguisesOf(secrets: readonly string[]): Disguises {
  const encoded = [...secrets, ...secrets.map(base64)];
  const spellings = unique([...encoded, ...secrets.map(formEncode), ...secrets.map(componentEncode)]);
  const traces = unique(encoded.flatMap((secret) => [traceOf(secret).letters, onlyLetters(secret)]));
  return {
    spellings,
    traces: traces.filter((letters) => letters.length >= SHORTEST_TRACE),
    longest: Math.max(0, ...spellings.map(({ length }) => length)),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}

function spansOf(text: string, part: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) {
    spans.push([at, at + part.length]);
  }
  return spans;
}

/**
 * What stays the same of a text, however it is encoded, escaped, quoted or broken into lines: only what is neither a
 * letter nor a digit changes then.
 */
interface Trace {
  /** The letters and digits of the text, in lower case. */
  readonly letters: string;
  /** Where in the text each of them stands. */
  readonly places: readonly Span[];
}

/**
 * With fewer letters and digits a trace would be found in any text. Secrets that have no more than that are taken out
 * only where they are spelled as they are, or as addresses, forms and base64 spell them.
 */
const SHORTEST_TRACE = 8;

/**
 * A letter or digit, or any character as an address or a page has it, encoded once or more often, or as JSON and scripts
 * have it. Those that pages name are no letters.
 */
const CHARACTER =
  /[a-z\d]|%(?:25)*([\da-f]{2})|\\u([\da-f]{4})|\\u\{([\da-f]{1,6})\}|\\x([\da-f]{2})|&(?:amp;)*(?:#x([\da-f]{1,6})|#(\d{1,7})|amp|lt|gt|quot|apos);/gi;

function traceOf(text: string): Trace {
  let letters = '';
  const places: Span[] = [];
  for (const match of text.matchAll(CHARACTER)) {
    const { 0: found, index } = match;
    const letter = found.length === 1 ? found.toLowerCase() : encodedLetter(match);
    if (letter === '') continue;
    letters += letter;
    places.push([index, index + found.length]);
  }
  return { letters, places };
}

/** What is encoded, if it is a letter or digit. */
function encodedLetter([, percent, unit, point, byte, reference, decimal]: RegExpExecArray): string {
  const hex = percent ?? unit ?? point ?? byte ?? reference;
  if (hex === undefined && decimal === undefined) return '';
  return onlyLetters(String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)));
}

/** The trace of a text in which nothing is encoded, although it may look like it. */
function onlyLetters(text: string): string {
  return text.replace(/[^a-z\d]/gi, '').toLowerCase();
}

function spansOfTraces(text: string, traces: readonly string[]): Span[] {
  const { letters, places } = traceOf(text);
  return traces
    .flatMap((trace) => spansOf(letters, trace))
    .map(([first, end]) => [(places[first] as Span)[0], (places[end - 1] as Span)[1]]);
}

/** One value as a form would carry it (RFC 6749 Appendix B): it leaves `-`, `_`, `.` and `*` as they are. */
export function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice('='.length);
}

/** One value as an address would carry it. Half a character becomes what it becomes in a request. */
function componentEncode(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'));
}

function base64(value: string): string {
  // Tokens are ASCII, which is its own UTF-8 and needs no detour. Each record that is read comes this way.
  if (/^[\x20-\x7e]*$/.test(value)) return btoa(value);
  return btoa(Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join(''));
}
