import { type RandomNumbers, randomNumbers } from '@frameio-auth/conformance';
import { chosen } from './weighted-choice.ts';

/** Through which door a request goes out. */
export type Way = 'request' | 'fetch' | 'authenticatedFetch';

/** What the API does with a request with a valid token. An invalid token gets a 401, whatever the plan. */
export type Fault =
  | 'none'
  /** Revokes the token at this moment, and responds with 401. */
  | 'revoked'
  /** 401 to every token. */
  | 'unauthorized'
  | 'forbidden'
  | 'limited'
  | 'broken'
  /** Closes the connection without a response. */
  | 'reset'
  /** Closes it in the middle of the response. */
  | 'cut'
  /** Points to another origin. */
  | 'redirect'
  /** Never responds. */
  | 'silent'
  /** Never finishes the response. */
  | 'unfinished';

export type BodyKind = 'none' | 'text' | 'bytes' | 'blob' | 'form' | 'params' | 'stream' | 'iterable';

/** When the caller gives up, and how. */
export type Abort =
  | { readonly at: 'before' | 'at once' }
  | { readonly at: 'later'; readonly delay: number }
  | { readonly at: 'in the answer'; readonly by: 'signal' | 'letting go' };

/** All about one request. Both sides work it out by themselves, from the seed and the number of the request. */
export interface Plan {
  readonly id: number;
  readonly way: Way;
  /** Which of the two services sends it, each with its own tokens. */
  readonly service: 0 | 1;
  /** Whether its token takes a while. */
  readonly slowToken: boolean;
  readonly body: BodyKind;
  /** Whether it can be made again as it was, for the client that it goes through. */
  readonly repeatable: boolean;
  /** What is in the body. */
  readonly content: string;
  readonly fault: Fault;
  /** Whether the API responds before it has the body. */
  readonly early: boolean;
  /** Whether the first 401 to it has no end. */
  readonly endless: boolean;
  /** Whether a connection that ends is reset (RST), and not closed. */
  readonly abrupt: boolean;
  /** How long the head of the response takes, in milliseconds. */
  readonly delay: number;
  /** The number of parts of the response's body. */
  readonly parts: number;
  /** The length of the response's body. */
  readonly size: number;
  /** The response of the other origin to a redirect. */
  readonly statusElsewhere: number;
  readonly abort: Abort | undefined;
}

const FAULTS: Readonly<Record<Fault, number>> = {
  none: 780,
  revoked: 10,
  unauthorized: 10,
  forbidden: 25,
  limited: 25,
  broken: 25,
  reset: 25,
  cut: 25,
  redirect: 25,
  silent: 25,
  unfinished: 25,
};

const REPEATABLE_BODIES: readonly BodyKind[] = ['none', 'text', 'bytes', 'blob', 'form', 'params'];

export function planOf(seed: number, id: number): Plan {
  const random = randomNumbers(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca6b));
  const way = chosen<Way>({ request: 2, fetch: 1, authenticatedFetch: 1 }, random);
  const fault = chosen(FAULTS, random);
  const abort = abortOf(fault, random);
  const body = bodyKind({ way, fault, abort }, random);
  // Whatever `fetch` has for a body reaches its dispatcher as an iterator.
  const repeatable = way === 'fetch' ? body === 'none' : REPEATABLE_BODIES.includes(body);
  return {
    id,
    way,
    service: random() < 0.5 ? 0 : 1,
    slowToken: random() < 0.15,
    body,
    repeatable,
    content: body === 'none' ? '' : textOf(`request-${id}`, sizeOf(random)),
    fault,
    early: random() < 0.1,
    endless: repeatable && fault === 'revoked' && random() < 0.2,
    abrupt: random() < 0.5,
    delay: random() < 0.2 ? Math.floor(random() * 20) : 0,
    parts: random() < 0.1 ? 4 : 1,
    size: sizeOf(random),
    statusElsewhere: random() < 0.5 ? 200 : 401,
    abort,
  };
}

function bodyKind({ way, fault, abort }: Pick<Plan, 'way' | 'fault' | 'abort'>, random: RandomNumbers): BodyKind {
  const kind = chosen<BodyKind>(
    { none: 8, text: 2, bytes: 1, blob: 1, form: 1, params: 1, stream: 1, iterable: 1 },
    random,
  );
  if (fault === 'redirect') return kind === 'text' ? 'text' : 'none'; // No client follows with a stream.
  if (kind === 'params' && way === 'request') return 'text'; // undici's `request` has no such body.
  // The platform's `fetch` (Node 24) throws an uncatchable error if a form is aborted before it is sent.
  return kind === 'form' && way === 'authenticatedFetch' && abort !== undefined ? 'text' : kind;
}

/** Short ones for the most part, some that are longer than what sockets and streams hold back at once. */
function sizeOf(random: RandomNumbers): number {
  const kind = random();
  if (kind < 0.85) return 20 + Math.floor(random() * 200);
  return kind < 0.97 ? Math.floor(random() * 8_000) : Math.floor(random() * 200_000);
}

function abortOf(fault: Fault, random: RandomNumbers): Abort | undefined {
  const later = { at: 'later', delay: Math.floor(random() * 25) } as const;
  const inTheAnswer = { at: 'in the answer', by: random() < 0.5 ? 'signal' : 'letting go' } as const;
  if (fault === 'silent') return later;
  if (fault === 'unfinished') return inTheAnswer;
  const kind = random();
  if (kind < 0.01) return { at: 'before' };
  if (kind < 0.03) return { at: 'at once' };
  if (kind < 0.08) return later;
  return kind < 0.1 ? inTheAnswer : undefined;
}

/**
 * Returns a text of at least that length, which shows its reader which request it belongs to and that nothing is
 * missing.
 */
function textOf(name: string, size: number): string {
  return `${name}-${'x'.repeat(size)}-${name}`;
}

/** What the API says to a request, by its status. */
export function answerText({ id, size }: Plan, status: number): string {
  // The platform's `fetch` (Node 24) neither reads a redirect's body nor lets go of a connection that still holds some.
  return textOf(`answer-${id}-${status}`, status === 307 ? 0 : size);
}
