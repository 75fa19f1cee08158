import assert from 'node:assert/strict';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { TransportError } from '@frameio-auth/core';
import type { Transport, TransportRequest } from '@frameio-auth/core/adapter';
import {
  type MisbehavingServer,
  type MisbehavingServerOptions,
  type Misbehaviour,
  misbehaviour,
  startMisbehavingServer,
} from '../misbehaving-server.js';
import type { TransportSettings } from './transport-settings.js';

/** A clause before it is bound to a transport. */
export interface Clause {
  readonly id: string;
  readonly rule: string;
  /** The transport's settings that differ from {@link SETTINGS}. */
  readonly settings?: Partial<Pick<TransportSettings, 'timeout' | 'maxBodySize'>>;
  prove(fixture: TransportFixture): Promise<void>;
}

/** What a clause is checked on. */
export interface TransportFixture {
  readonly transport: Transport;
  readonly timeout: number;
  readonly maxBodySize: number;
  /** Registers a cleanup for the end of the clause: of a server, a stream. */
  afterwards(end: () => unknown): void;
}

/** Limits that no clause reaches by accident. */
export const SETTINGS = { timeout: 10_000, maxBodySize: 65_536 } as const;

/** A timeout that a clause waits for, in milliseconds. */
export const SHORT = 500;

/** More bytes of an unread body than a connection can buffer. */
export const MUCH = 2 ** 25;

/** How late an event may be on a busy machine, in milliseconds. */
const GRACE = 4_000;

/** Values that must not be exposed: one for each part of a request and a response. */
export const CANARIES = {
  path: 'canary-path-0f3a',
  query: 'canary-query-77d1',
  header: 'canary-header-5b20',
  body: 'canary-body-c94e',
  answer: 'canary-answer-18aa',
} as const;

/** A token request with a secret in every part. */
export const REQUEST: TransportRequest = {
  method: 'POST',
  headers: {
    authorization: `Basic ${CANARIES.header}`,
    'content-type': 'application/x-www-form-urlencoded',
  },
  body: `grant_type=refresh_token&refresh_token=${CANARIES.body}`,
  redirect: 'manual',
  cache: 'no-store',
};

export const PATH = `/${CANARIES.path}?token=${CANARIES.query}`;

/** Starts a server that lives as long as the clause. */
export async function start(
  fixture: TransportFixture,
  misbehave: Misbehaviour,
  options?: MisbehavingServerOptions,
): Promise<MisbehavingServer> {
  const server = await startMisbehavingServer(misbehave, options);
  fixture.afterwards(() => server.close());
  return server;
}

/** Starts a server that handles each path differently. */
export function startRoutes(
  fixture: TransportFixture,
  routes: Readonly<Record<string, Misbehaviour>>,
): Promise<MisbehavingServer> {
  return start(fixture, (connection, request) => {
    const answer = routes[pathOf(request)] ?? misbehaviour.respond(404);
    answer(connection, request);
  });
}

export function pathOf(request: string): string {
  return request.split(' ')[1] ?? '';
}

export function headerOf(request: string, name: string): string | undefined {
  return new RegExp(`^${name}: *(.*?) *\r$`, 'im').exec(request)?.[1];
}

export function bodyOf(request: string): string {
  return request.slice(request.indexOf('\r\n\r\n') + 4);
}

type Outcome = { readonly answer: Response } | { readonly failure: unknown };

/** Resolves to how a request ends. One that throws instead of rejecting, or does not end, fails the clause. */
export async function outcomeOf(fixture: TransportFixture, url: string, request = REQUEST): Promise<Outcome> {
  let call: Promise<Response>;
  try {
    call = fixture.transport(url, request);
  } catch {
    assert.fail('The transport threw, where its promise should have rejected.');
  }
  return within(
    fixture.timeout + GRACE,
    'the end of a request',
    call.then(
      (answer) => ({ answer }),
      (failure: unknown) => ({ failure }),
    ),
  );
}

/** Resolves to the response to a request that must succeed. */
export async function answerTo(fixture: TransportFixture, url: string, request = REQUEST): Promise<Response> {
  const outcome = await outcomeOf(fixture, url, request);
  if ('failure' in outcome) assert.fail(`A request that was answered fails ${described(outcome.failure)}.`);
  assert.ok(outcome.answer instanceof Response, "An answer is no Response of the platform's.");
  return outcome.answer;
}

/** Resolves to the TransportError of a request that must fail. */
export async function failureTo(fixture: TransportFixture, url: string, request = REQUEST): Promise<TransportError> {
  const outcome = await outcomeOf(fixture, url, request);
  if ('answer' in outcome) assert.fail(`A request that had to fail is answered with ${outcome.answer.status}.`);
  const { failure } = outcome;
  assert.ok(failure instanceof TransportError, `A request fails ${described(failure)}, and not with a TransportError.`);
  return failure;
}

/** Resolves to the error of a request that must fail, on a server that saw it once. */
export async function failureOn(fixture: TransportFixture, misbehave: Misbehaviour): Promise<TransportError> {
  const server = await start(fixture, misbehave);
  const failure = await failureTo(fixture, server.origin + PATH);
  assert.equal(server.requests.length, 1, 'The number of requests that the server saw:');
  return failure;
}

export function assertDelivery({ code, delivery }: TransportError, expected: TransportError['delivery']): void {
  assert.equal(delivery, expected, `\`delivery\` of the failure ${code}:`);
}

export function assertUnknown(failure: TransportError, code: string): void {
  assert.equal(failure.code, code, '`code` of the failure:');
  assertDelivery(failure, 'unknown');
}

/** Asserts the failure of a request that timed out: not sent if nothing arrived, otherwise unknown. */
export function assertTimedOut(failure: TransportError, arrived: number): void {
  assert.equal(failure.code, 'timeout', '`code` of the failure:');
  if (arrived > 0 || failure.delivery !== 'not_sent') assertDelivery(failure, 'unknown');
}

/** Asserts that the transport closes all connections, because the server does not. */
export async function assertReleased(server: MisbehavingServer): Promise<void> {
  await within(GRACE, 'the end of a connection that is not read from', server.deserted());
}

/** Resolves to the result of a promise; if it takes longer, the clause fails. */
export async function within<Result>(ms: number, what: string, promise: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `It took too long: ${what}.` })), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Returns a promise that may reject before it is awaited. */
export function forLater<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {});
  return promise;
}

/** Waits until a condition holds; if it never does, the clause fails. */
export async function waitUntil(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + GRACE;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `It took too long: ${what}.`);
    await delay(10);
  }
}

/** Writes `more` repeatedly for as long as it is read, and reports the number of bytes. */
export function pourInto(stream: Writable, more: string | Buffer, onWrite: (bytes: number) => void): void {
  const pour = (): void => {
    for (let mayWrite = true; mayWrite && stream.writable; ) {
      mayWrite = stream.write(more, 'latin1');
      onWrite(more.length);
    }
  };
  stream.on('drain', pour);
  pour();
}

/** Describes any error without exposing its contents. */
function described(failure: unknown): string {
  if (failure instanceof TransportError) return `with the code ${failure.code} and the delivery ${failure.delivery}`;
  return failure instanceof Error ? `with a ${failure.name}` : 'with what is no Error';
}
