import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import { range } from '../range.js';
import {
  answerTo,
  type Clause,
  outcomeOf,
  pathOf,
  REQUEST,
  start,
  startRoutes,
  type TransportFixture,
} from './transport-fixture.js';

const { hangUp, reset, respond, sendAndHangUp } = misbehaviour;

/** Failures that clients are known to retry. */
const TEMPTATIONS: Readonly<Record<string, Misbehaviour>> = {
  '/hang-up': hangUp,
  '/reset': reset,
  '/no-http': sendAndHangUp('\0\r\n\r\n'),
  '/head-cut': sendAndHangUp('HTTP/1.1 200 OK\r\nContent-'),
  '/body-cut': sendAndHangUp(responseText(200, 'half', { 'Content-Length': '1000' })),
  '/401': respond(401, '', { 'WWW-Authenticate': 'Basic realm="fictional"' }),
  '/408': respond(408, '', { Connection: 'close' }),
  '/425': respond(425),
  '/429': respond(429, '', { 'Retry-After': '0' }),
  '/500': respond(500),
  '/502': respond(502),
  '/503': respond(503, '', { 'Retry-After': '0' }),
  '/504': respond(504),
};

export const repeatClauses: readonly Clause[] = [
  {
    id: 'repeat.post',
    rule: 'No request is repeated, whatever its result; except after a 421, which says that it was for another server.',
    prove: (fixture) => assertOnce(fixture, 'POST'),
  },
  {
    id: 'repeat.get',
    rule: 'No request is repeated even if its method is safe or idempotent in HTTP, because a repetition would hide the first attempt.',
    async prove(fixture) {
      await assertOnce(fixture, 'GET');
      await assertOnce(fixture, 'PUT');
    },
  },
  {
    id: 'repeat.stale',
    rule: 'A request on a reused connection that breaks as the request arrives is not sent twice.',
    prove: (fixture) => assertTruthful(fixture, 'when it has read the next request'),
  },
  {
    id: 'repeat.closing',
    rule: 'A connection that the server closes or resets right after its response does not make the next request arrive twice.',
    async prove(fixture) {
      await assertTruthful(fixture, 'right after its answer');
      await assertTruthful(fixture, 'right after its answer, by a reset');
    },
  },
];

async function assertOnce(fixture: TransportFixture, method: string): Promise<void> {
  const { origin, requests } = await startRoutes(fixture, TEMPTATIONS);
  const { body, ...rest } = REQUEST;
  for (const path of Object.keys(TEMPTATIONS)) {
    await outcomeOf(fixture, origin + path, { ...rest, method, ...(method !== 'GET' && body && { body }) });
  }
  const seen = requests.map((request) => pathOf(request).slice(1));
  for (const path of Object.keys(TEMPTATIONS).map((each) => each.slice(1))) {
    const copies = seen.filter((each) => each === path).length;
    assert.equal(copies, 1, `The number of requests by ${method} to a server that does ${path}:`);
  }
}

type Closing = 'when it has read the next request' | 'right after its answer' | 'right after its answer, by a reset';

/** Asserts that at most one copy of each request arrives, and none of those that were not sent. */
async function assertTruthful(fixture: TransportFixture, closing: Closing): Promise<void> {
  const used = new WeakSet<object>();
  const server = await start(fixture, (connection, request) => {
    if (used.has(connection)) {
      connection.destroy();
      return;
    }
    used.add(connection);
    respond(200)(connection, request);
    if (closing === 'right after its answer') connection.end();
    if (closing === 'right after its answer, by a reset') setImmediate(() => connection.resetAndDestroy());
  });
  for (const turn of range(0, 6)) {
    const path = `/${turn}`;
    const outcome = await outcomeOf(fixture, server.origin + path);
    const copies = server.requests.filter((request) => pathOf(request) === path).length;
    if ('answer' in outcome) assert.equal(copies, 1, 'The number of copies of a request that was answered:');
    else {
      const { delivery } = outcome.failure as { delivery?: unknown };
      if (delivery === 'not_sent') assert.equal(copies, 0, 'The number of copies of a request that was not sent:');
      else assert.equal(delivery, 'unknown', '`delivery` of a request that met a connection that broke:');
      assert.ok(copies <= 1, `${copies} copies of a request arrived.`);
    }
    await nextTurn(); // A client may return a connection to its pool only after it has returned the response.
  }
  await answerTo(fixture, (await start(fixture, respond(200))).origin);
}
