import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import {
  answerTo,
  assertReleased,
  assertTimedOut,
  type Clause,
  failureTo,
  PATH,
  SHORT,
  start,
  type TransportFixture,
} from './transport-fixture.js';

const { hang, respond, send } = misbehaviour;

/** How often a server sends one byte of a response that would take minutes, in milliseconds. */
const TRICKLE = 30;

/** A timeout that a clause waits for, and within which a busy machine can respond, in milliseconds. */
const LONGER = 1_000;

const LONG_ANSWER = responseText(200, 'x'.repeat(10_000), { 'X-Long': 'v'.repeat(1_000) });

export const timeoutClauses: readonly Clause[] = [
  {
    id: 'timeout.silence',
    rule: 'A request without a response fails in time with `timeout` and `unknown`, and its connection is closed.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, hang),
  },
  {
    id: 'timeout.head',
    rule: 'A request whose response stops within its headers fails in time with `timeout` and `unknown`.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, send('HTTP/1.1 200 OK\r\nContent-Ty')),
  },
  {
    id: 'timeout.body',
    rule: 'A request whose response stops within its body fails in time with `timeout` and `unknown`.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, send(responseText(200, 'half', { 'Content-Length': '1000' }))),
  },
  {
    id: 'timeout.trickle-head',
    rule: 'The time-out covers the whole request, even if the headers arrive one byte at a time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, trickle(fixture, LONG_ANSWER)),
  },
  {
    id: 'timeout.trickle-body',
    rule: 'The time-out covers the whole request, even if the body arrives one byte at a time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, trickle(fixture, LONG_ANSWER, LONG_ANSWER.indexOf('\r\n\r\n') + 4)),
  },
  {
    id: 'timeout.handshake',
    rule: 'A request whose TLS handshake does not complete fails in time with `timeout`.',
    settings: { timeout: SHORT },
    async prove(fixture) {
      const server = await start(fixture, hang);
      assertTimedOut(await failureTo(fixture, server.origin.replace('http:', 'https:') + PATH), 0);
    },
  },
  {
    id: 'timeout.patience',
    rule: 'A slow response that arrives before the time-out is a response.',
    settings: { timeout: 5_000 },
    async prove(fixture) {
      const server = await start(fixture, (connection) => {
        const later = setTimeout(() => trickle(fixture, responseText(200, 'late'), 50)(connection, ''), SHORT);
        fixture.afterwards(() => clearTimeout(later));
      });
      assert.equal(await (await answerTo(fixture, server.origin)).text(), 'late', 'The body of the answer:');
    },
  },
  {
    id: 'timeout.next',
    rule: 'After a time-out, the next request works as usual.',
    settings: { timeout: LONGER },
    async prove(fixture) {
      let silent = true;
      const server = await start(fixture, (connection, request) => {
        if (!silent) respond(200, 'answer')(connection, request);
      });
      assertTimedOut(await failureTo(fixture, server.origin), server.bytesReceived);
      silent = false;
      assert.equal(await (await answerTo(fixture, server.origin)).text(), 'answer', 'The body of the answer:');
    },
  },
];

async function assertTimesOut(fixture: TransportFixture, misbehave: Misbehaviour): Promise<void> {
  const server = await start(fixture, misbehave);
  const begun = performance.now();
  assertTimedOut(await failureTo(fixture, server.origin + PATH), server.bytesReceived);
  // A timer may be early by a fraction of a millisecond.
  assert.ok(performance.now() - begun > fixture.timeout - 5, 'It was given up before its time was over.');
  await assertReleased(server);
  // Not before, because a busy server may see a request only after its sender has given up.
  assert.ok(server.requests.length <= 1, 'The server saw the request more than once.');
}

/** Sends `text`: the first `at` characters at once, and then one byte at a time. */
function trickle(fixture: TransportFixture, text: string, at = 0): Misbehaviour {
  return (connection: Socket) => {
    connection.write(text.slice(0, at), 'latin1');
    let next = at;
    const timer = setInterval(() => {
      if (connection.writable && next < text.length) connection.write(text.charAt(next), 'latin1');
      next += 1;
    }, TRICKLE);
    fixture.afterwards(() => clearInterval(timer));
  };
}
