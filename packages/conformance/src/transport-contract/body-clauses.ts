import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import {
  answerTo,
  assertReleased,
  assertUnknown,
  CANARIES,
  type Clause,
  failureOn,
  failureTo,
  MUCH,
  pourInto,
  start,
} from './transport-fixture.js';

const { respond, send, sendAndHangUp } = misbehaviour;

const CUT: readonly string[] = [
  responseText(200, `{"access_token":"${CANARIES.answer}`, { 'Content-Length': '1000' }),
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CANARIES.answer.length.toString(16)}\r\n${CANARIES.answer}\r\n`,
];

const CHUNK = `4000\r\n${'x'.repeat(0x4000)}\r\n`;

/** A mebibyte of zeros in a kibibyte of gzip. Concatenated gzip members are valid gzip (RFC 1952 §2.2). */
const BOMB = gzipSync(Buffer.alloc(2 ** 20)).toString('latin1');

/** Responses that continue for as long as they are read, by their heads. */
const ENDLESS: readonly (readonly [head: string, more: string])[] = [
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', CHUNK],
  ['HTTP/1.1 200 OK\r\n\r\n', CHUNK],
  ['HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n', BOMB],
];

export const bodyClauses: readonly Clause[] = [
  {
    id: 'body.cut',
    rule: 'A response that ends before its length or its last chunk fails with `body_incomplete` and `unknown`.',
    async prove(fixture) {
      for (const answer of CUT) assertUnknown(await failureOn(fixture, sendAndHangUp(answer)), 'body_incomplete');
    },
  },
  {
    id: 'body.reset',
    rule: 'A response whose connection is reset before its end fails with `body_incomplete` and `unknown`.',
    async prove(fixture) {
      const [half = ''] = CUT;
      const failure = await failureOn(fixture, (connection) => {
        // Data that is sent right before a reset may be lost with it.
        connection.write(half);
        setTimeout(() => connection.resetAndDestroy(), 500);
      });
      assertUnknown(failure, 'body_incomplete');
    },
  },
  {
    id: 'body.undecodable',
    rule: 'A response that claims to be compressed, and is not, fails with `body_incomplete` and `unknown`.',
    async prove(fixture) {
      const answer = respond(200, CANARIES.answer, { 'Content-Encoding': 'gzip' });
      assertUnknown(await failureOn(fixture, answer), 'body_incomplete');
    },
  },
  {
    id: 'body.limit',
    rule: 'A body may be up to `maxBodySize` bytes long, after decompression; a longer one fails with `body_too_large` and `unknown`.',
    settings: { maxBodySize: 1_000 },
    async prove(fixture) {
      const plain = (size: number): Misbehaviour => respond(200, '\u00e9'.repeat(size));
      const gzip = (size: number): Misbehaviour =>
        respond(200, gzipSync(Buffer.alloc(size)).toString('latin1'), { 'Content-Encoding': 'gzip' });
      for (const sized of [plain, gzip]) {
        const { origin } = await start(fixture, sized(fixture.maxBodySize));
        const body = await (await answerTo(fixture, origin)).arrayBuffer();
        assert.equal(body.byteLength, fixture.maxBodySize, 'The length of the body:');
        assertUnknown(await failureOn(fixture, sized(fixture.maxBodySize + 1)), 'body_too_large');
      }
    },
  },
  {
    id: 'body.declared',
    rule: 'A body that is declared to be longer fails once it is longer, without waiting for the rest.',
    settings: { timeout: 3_000 },
    async prove(fixture) {
      const begun = responseText(200, 'x'.repeat(fixture.maxBodySize + 1), { 'Content-Length': String(2 ** 40) });
      const server = await start(fixture, send(begun));
      assertUnknown(await failureTo(fixture, server.origin), 'body_too_large');
      await assertReleased(server);
    },
  },
  {
    id: 'body.endless',
    rule: 'An endless body fails once it is longer, compressed or not, and its connection is closed.',
    async prove(fixture) {
      for (const [head, more] of ENDLESS) {
        let poured = 0;
        const server = await start(fixture, (connection) => {
          connection.write(head);
          pourInto(connection, more, (bytes) => {
            poured += bytes;
          });
        });
        assertUnknown(await failureTo(fixture, server.origin), 'body_too_large');
        await assertReleased(server);
        assert.ok(poured < MUCH, `Of a body that may have ${fixture.maxBodySize} bytes, ${poured} were read.`);
      }
    },
  },
];
