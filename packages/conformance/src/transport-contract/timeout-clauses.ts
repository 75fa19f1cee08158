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
    rule: 'A request that gets no answer fails with `timeout` and `unknown` in time, and its connection is let go.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, hang),
  },
  {
    id: 'timeout.head',
    rule: 'A request whose answer stops within its headers fails with `timeout` and `unknown` in time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, send('HTTP/1.1 200 OK\r\nContent-Ty')),
  },
  {
    id: 'timeout.body',
    rule: 'A request whose answer stops within its body fails with `timeout` and `unknown` in time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, send(responseText(200, 'half', { 'Content-Length': '1000' }))),
  },
  {
    id: 'timeout.trickle-head',
    rule: 'The time is that of the whole request: it ends for headers that come a byte at a time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, trickle(fixture, LONG_ANSWER)),
  },
  {
    id: 'timeout.trickle-body',
    rule: 'The time is that of the whole request: it ends for a body that comes a byte at a time.',
    settings: { timeout: SHORT },
    prove: (fixture) => assertTimesOut(fixture, trickle(fixture, LONG_ANSWER, LONG_ANSWER.indexOf('\r\n\r\n') + 4)),
  },
  {
    id: 'timeout.handshake',
    rule: 'A request whose connection never stands, for want of a TLS handshake, fails with `timeout` in time.',
    settings: { timeout: SHORT },
    async prove(fixture) {
      const server = await start(fixture, hang);
      assertTimedOut(await failureTo(fixture, server.origin.replace('http:', 'https:') + PATH), 0);
    },
  },
  {
    id: 'timeout.patience',
    rule: 'An answer that takes its time, and comes before the time is over, is an answer.',
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
    rule: 'After a time-out the next request is made as if nothing had happened.',
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
