import { inspect } from 'node:util';
import { fingerprint } from '@frameio-auth/testing';

/**
 * A secret is searched for in pieces of this length that begin at every eighth of its characters, so that any 23
 * characters of it in a row are found: half a token may be as telling as a whole one.
 */
const PIECE = 16;
const STEP = 8;

const JSON_OF = '.toJSON()';

/** More than anything in these tests has; a walk that passes it has strayed, and must not end in silence. */
const MOST_OBJECTS = 500_000;

/**
 * Collects everything observable of the software under test, as text. Each object is inspected twice: when it is shown,
 * since it may change, and at the end, since it may have changed.
 */
export class Collector {
  /** Each text with the place where it was found first. */
  readonly #texts = new Map<string, string>();
  readonly #shown: (readonly [where: string, what: unknown])[] = [];
  #walked = new WeakSet<object>();
  /** The state in which each actor was asked last. */
  #asked = new WeakMap<object, unknown>();
  #objects = 0;
  #chapter = '';

  /** Begins a part of the story, so that a leak says in which it was. */
  chapter(name: string): void {
    this.#chapter = `${name} > `;
  }

  /** Takes in what can be read, printed, logged, serialized or reached from `what`. */
  show(where: string, what: unknown): void {
    const place = this.#chapter + where;
    this.#shown.push([place, what]);
    this.#look(place, what);
  }

  /** Where a secret can be seen, and the first one that can, by its fingerprint: the list may be printed. */
  leaksOf(secrets: Iterable<string>): string[] {
    this.#walked = new WeakSet();
    this.#asked = new WeakMap();
    this.#objects = 0;
    // Nothing changes any more, so it is enough to look once at what was shown often, and to walk: everything that JSON or
    // a clone would show is reached by that.
    const shown = new Map(this.#shown.map(([where, what]) => [what, where]));
    for (const [what, where] of shown) this.#walk(`${where}, in the end`, what);

    const search = new Search(piecesOf(secrets));
    const leaks: string[] = [];
    for (const [text, where] of this.#texts) {
      const secret = search.firstIn(text);
      if (secret !== undefined) leaks.push(`${where}: ${secret}`);
    }
    return leaks;
  }

  #look(where: string, what: unknown): void {
    if (isObject(what)) {
      this.#print(`${where}, as JSON`, () => JSON.stringify(what));
      if (!holdsMethods(what)) this.#print(`${where}, cloned`, () => JSON.stringify(cloned(what)));
    }
    this.#walk(where, what);
  }

  /** From one object to all that can be reached from it: keys, values, what getters return, and what is inherited. */
  #walk(where: string, from: unknown): void {
    const path: [where: string, what: unknown][] = [[where, from]];
    const found = (place: string, name: string, what: unknown) => {
      if (isObject(what)) {
        if (!this.#walked.has(what) || isActor(what)) path.push([place + name, what]);
      } else if (mayReport(what)) {
        this.#print(place + name, () => String(what));
      }
    };
    const go = (place: string, name: string, read: () => unknown) => {
      try {
        found(place, name, read());
      } catch (error) {
        found(place, `${name}, when read`, error);
      }
    };
    // Most properties reveal nothing, so places are described only for the others.
    const get = (place: string, of: object, key: PropertyKey) => {
      try {
        const value = Reflect.get(of, key);
        if (mayReport(value)) found(place, `.${String(key)}`, value);
      } catch (error) {
        found(place, `.${String(key)}, when read`, error);
      }
    };
    if (!isObject(from) || this.#walked.has(from)) this.#print(where, () => String(from));
    for (let step = path.pop(); step !== undefined; step = path.pop()) {
      const [place, what] = step;
      if (!isObject(what)) continue;

      // An actor is the same object in another state, so it is asked in each.
      if (isActor(what)) {
        go(place, '.getSnapshot()', () => {
          const state = what.getSnapshot();
          const { getPersistedSnapshot } = what;
          if (typeof getPersistedSnapshot === 'function' && this.#asked.get(what) !== state) {
            this.#asked.set(what, state);
            go(place, '.getPersistedSnapshot()', getPersistedSnapshot.bind(what));
          }
          return state;
        });
      }
      if (this.#walked.has(what)) continue;
      this.#walked.add(what);
      this.#objects += 1;
      this.#print(place, () => String(what));
      if (hasMore(what)) this.#print(`${place}, inspected`, () => inspect(what, THIS_ALONE));
      if (this.#objects > MOST_OBJECTS) throw new Error(`The collector has strayed to ${place.slice(0, 200)}`);

      // XState's own gives a copy that has a `toJSON()` too, and so on without end.
      if ('toJSON' in what && typeof what.toJSON === 'function' && !place.includes(JSON_OF)) {
        go(place, JSON_OF, what.toJSON.bind(what));
      }
      if (ArrayBuffer.isView(what)) {
        this.#print(place, () => Buffer.from(what.buffer, what.byteOffset, what.byteLength).toString('latin1'));
        continue;
      }
      if (what instanceof Map || what instanceof Set) go(place, ' entries', () => [...what]);
      for (const key of Reflect.ownKeys(what)) {
        if (typeof key === 'symbol' || mayReport(key)) this.#print(`${place}, a key`, () => String(key));
        get(place, what, key);
      }
      for (let kind = Object.getPrototypeOf(what); kind !== null; kind = Object.getPrototypeOf(kind)) {
        // All that these two getters do is throw: `caller` and `arguments`.
        if (kind === Function.prototype) continue;
        found(place, ' prototype', kind);
        for (const key of gettersOf(kind)) get(place, what, key);
      }
    }
  }

  #print(where: string, print: () => string | undefined): void {
    try {
      const text = print();
      if (text !== undefined && text.length >= PIECE && !this.#texts.has(text)) this.#texts.set(text, where);
    } catch {
      // What cannot be printed, serialized or cloned shows nothing in that way.
    }
  }
}

/** What is inside is printed in its own turn: all at once, what can be reached by many ways would be printed as often. */
const THIS_ALONE = {
  depth: 0,
  showHidden: true,
  getters: true,
  maxArrayLength: null,
  maxStringLength: null,
  breakLength: Number.POSITIVE_INFINITY,
} as const;

/** Numbers and the like, and texts that are too short, hold no piece of a secret. Most of what there is, is of these. */
function mayReport(what: unknown): boolean {
  return isObject(what) || (typeof what === 'string' && what.length >= PIECE) || typeof what === 'symbol';
}

/**
 * Whether an object, or one that it holds, has a function for a property. Then it cannot be cloned, and to find that out
 * by trying takes long: most of what XState shows is such.
 */
function holdsMethods(what: object, depth = 1): boolean {
  if (typeof what === 'function') return true;
  // Not all properties of these are cloned.
  if (what instanceof Error || what instanceof Map || what instanceof Set) return false;
  return Object.keys(what).some((key) => {
    const value = Object.getOwnPropertyDescriptor(what, key)?.value;
    return typeof value === 'function' || (depth > 0 && isObject(value) && holdsMethods(value, depth - 1));
  });
}

/** The stack of the error that says that something cannot be cloned takes longest. */
function cloned(what: object): unknown {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return structuredClone(what);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Which getters a prototype has does not change while the tests run, and is asked for every object of its kind. */
const getters = new WeakMap<object, readonly string[]>();

function gettersOf(kind: object): readonly string[] {
  let names = getters.get(kind);
  if (names === undefined) {
    const described = Object.entries(Object.getOwnPropertyDescriptors(kind));
    names = described.filter(([, { get }]) => get !== undefined).map(([key]) => key);
    getters.set(kind, names);
  }
  return names;
}

type Actor = { getSnapshot(): unknown; readonly getPersistedSnapshot?: unknown };

function isActor(what: object): what is Actor {
  return typeof (what as Partial<Actor>).getSnapshot === 'function';
}

function isObject(what: unknown): what is object {
  return (typeof what === 'object' && what !== null) || typeof what === 'function';
}

/** Whether printing may show what no property has: what a promise holds, say, or what a class has put in words. */
function hasMore(what: object): boolean {
  const kind = Object.getPrototypeOf(what);
  return (
    inspect.custom in what || (kind !== Object.prototype && kind !== Array.prototype && kind !== Function.prototype)
  );
}

/** The pieces that give one of the secrets away, in each of the forms that secrets travel in, with its fingerprint. */
function piecesOf(secrets: Iterable<string>): Map<string, string> {
  const pieces = new Map<string, string>();
  for (const secret of secrets) {
    if (secret.length < PIECE) throw new Error(`A secret of fewer than ${PIECE} characters cannot be searched for`);
    const name = fingerprint(secret);
    for (const form of formsOf(secret)) {
      const last = form.length - PIECE;
      for (let start = 0; start < last; start += STEP) {
        pieces.set(form.slice(start, start + PIECE), name);
      }
      pieces.set(form.slice(last), name);
    }
  }
  return pieces;
}

/**
 * A search for many pieces at once. It goes over every character of megabytes of text, so it takes a piece out of the
 * text only where three of its characters are such as some piece has at these places.
 */
class Search {
  readonly #pieces: ReadonlyMap<string, string>;
  readonly #marks = new Uint8Array(1 << 20);

  constructor(pieces: ReadonlyMap<string, string>) {
    this.#pieces = pieces;
    for (const piece of pieces.keys()) this.#marks[markAt(piece, 0)] = 1;
  }

  /** The fingerprint of the first secret in a text. */
  firstIn(text: string): string | undefined {
    for (let start = 0; start + PIECE <= text.length; start += 1) {
      if (this.#marks[markAt(text, start)] === 0) continue;
      const secret = this.#pieces.get(text.slice(start, start + PIECE));
      if (secret !== undefined) return secret;
    }
    return undefined;
  }
}

/** A number below 2^20 for three characters of the piece that begins there. */
function markAt(text: string, start: number): number {
  const [one, two, three] = [text.charCodeAt(start), text.charCodeAt(start + 6), text.charCodeAt(start + PIECE - 1)];
  return (one ^ (two << 7) ^ (three << 13)) & 0xfffff;
}

function formsOf(secret: string): Set<string> {
  const inForm = new URLSearchParams({ '': secret }).toString().slice('='.length);
  const bytes = [secret, inForm].map((text) => Buffer.from(text));
  return new Set([
    secret,
    inForm,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    ...bytes.flatMap((each) => [
      each.toString('hex'),
      // Of what is encoded together with text before it (`id:secret`), the first one or two bytes are lost in that text.
      ...[0, 1, 2].flatMap((lost) => [
        each.subarray(lost).toString('base64'),
        each.subarray(lost).toString('base64url'),
      ]),
    ]),
  ]);
}
