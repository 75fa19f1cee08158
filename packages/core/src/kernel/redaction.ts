/** Makes foreign text safe to show: removes the known secrets and control characters, and truncates it. */
export type Redactor = (text: string, limit: number) => string;

/**
 * How many characters are kept: of a word such as `invalid_grant`, of a sentence, of a passage in which our own
 * sentence quotes one, and of an address. Our own text is never truncated. So foreign text is truncated before our
 * sentences quote it.
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

/** How many times its own length a secret may take in a text, escaped and broken into lines. */
const SPREAD = 12;

/** How many times the limit is read of a text, to make up for what is removed. */
const ROOM = 4;

/** A part of a text. */
type Span = readonly [start: number, end: number];

/** @param secrets - every secret that was sent to the other side, and so may be repeated */
export function redactor(secrets: readonly string[]): Redactor {
  let known: Disguises | undefined;

  return (text, limit) => {
    if (text === '') return '';
    // Computed on first use: most requests succeed, and then no text is shown.
    known ??= disguisesOf(secrets);
    const { spellings, traces, longest } = known;
    // Search beyond what is shown, because half a secret would not be recognized.
    const margin = SPREAD * longest;
    const view = text.slice(0, ROOM * limit + margin);
    const safe = view.length < text.length ? ROOM * limit : text.length;
    const spans = [...spellings.flatMap((spelling) => spansOf(view, spelling)), ...spansOfTraces(view, traces)];
    let [redact, at] = ['', 0];
    for (const [start, end] of spans.sort(([one], [other]) => one - other)) {
      if (start >= safe) break;
      if (start >= at) redact += `${view.slice(at, start)}[secret]`;
      at = Math.max(at, end);
    }
    redact += view.slice(at, Math.max(at, safe));
    return (
      redact
        .replace(INVISIBLE, ' ')
        .trim()
        .slice(0, limit)
        // The truncation may have split a surrogate pair.
        .replace(/[\uD800-\uDBFF]$/, '')
    );
  };
}

/** Cleans text from a source that received no secret. */
export const sanitizeText: Redactor = redactor([]);

/** The forms in which secrets may come back. */
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

/** What stays the same of a text when it is encoded, escaped, quoted or broken into lines: its letters and digits. */
interface Trace {
  /** The letters and digits of the text, in lower case. */
  readonly letters: string;
  /** The position of each of them in the text. */
  readonly places: readonly Span[];
}

/**
 * A shorter trace would occur in any text. Secrets with fewer letters and digits are removed only as they are spelled,
 * or as URLs, forms and base64 encode them.
 */
const SHORTEST_TRACE = 8;

/**
 * A letter or digit, or any character as URLs, HTML, JSON or scripts encode it, once or several times. Named entities
 * are never letters.
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

/** Returns the encoded character if it is a letter or digit, else an empty string. */
function encodedLetter([, percent, unit, point, byte, reference, decimal]: RegExpExecArray): string {
  const hex = percent ?? unit ?? point ?? byte ?? reference;
  if (hex === undefined && decimal === undefined) return '';
  return onlyLetters(String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)));
}

/** Returns the trace of a text in which nothing is encoded, although it may look like it. */
function onlyLetters(text: string): string {
  return text.replace(/[^a-z\d]/gi, '').toLowerCase();
}

function spansOfTraces(text: string, traces: readonly string[]): Span[] {
  const { letters, places } = traceOf(text);
  return traces
    .flatMap((trace) => spansOf(letters, trace))
    .map(([first, end]) => [(places[first] as Span)[0], (places[end - 1] as Span)[1]]);
}

/** Returns the value as a form encodes it (RFC 6749 Appendix B), which leaves `-`, `_`, `.` and `*` unchanged. */
export function formEncode(value: string): string {
  return new URLSearchParams([['', value]]).toString().slice('='.length);
}

/** Returns the value as a URL encodes it. An unpaired surrogate becomes U+FFFD, as in a request. */
function componentEncode(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'));
}

function base64(value: string): string {
  // A shortcut for tokens, which are ASCII. It runs for each record that is read.
  if (/^[\x20-\x7e]*$/.test(value)) return btoa(value);
  return btoa(Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join(''));
}
