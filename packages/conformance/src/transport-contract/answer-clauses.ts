import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TransportError } from '@frameio-auth/core';
import type { TransportRequest } from '@frameio-auth/core/adapter';
import { type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import { range } from '../range.js';
import {
  answerTo,
  type Clause,
  headerOf,
  outcomeOf,
  PATH,
  pathOf,
  REQUEST,
  start,
  startRoutes,
} from './transport-fixture.js';

const { respond, send, sendAndHangUp } = misbehaviour;

/** The statuses that have a meaning (RFC 9110 §15), their neighbours, and the ends of each class. */
const STATUSES: readonly number[] = [
  ...range(200, 210),
  226,
  299,
  ...range(400, 407),
  ...range(408, 432),
  451,
  499,
  ...range(500, 512),
  599,
];

/** Bodies that a transport must not interpret, by their content type. */
const BODIES: readonly (readonly [type: string, body: string])[] = [
  ['application/json', '{"error":"invalid_grant"}'],
  ['application/json;charset=iso-8859-1', '{"access_token":'],
  ['text/html', '<html>Bad gateway</html>\r\n'],
  ['image/png', '{"error":"a","error":"b"}'],
  ['text/plain', '\u00ef\u00bb\u00bfbyte order mark'],
  ['application/octet-stream', String.fromCharCode(...range(0, 256))],
];

/** Ways to mark the end of a body (RFC 9112 §6), each around the same body. */
const FRAMINGS: Readonly<Record<string, Misbehaviour>> = {
  '/length': respond(200, 'the whole body'),
  '/chunks': send(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthe \r\na;x=y\r\nwhole body\r\n0\r\nX-T: 1\r\n\r\n',
  ),
  '/close': sendAndHangUp('HTTP/1.1 200 OK\r\n\r\nthe whole body'),
  '/http-1.0': sendAndHangUp('HTTP/1.0 200 OK\r\n\r\nthe whole body'),
  '/interim': send(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${responseText(200, 'the whole body')}`),
};

const EMPTY: Readonly<Record<string, Misbehaviour>> = {
  '/length': respond(200),
  '/chunks': send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  '/close': sendAndHangUp('HTTP/1.1 200 OK\r\n\r\n'),
  '/204': send('HTTP/1.1 204 No Content\r\n\r\n'),
  '/205': respond(205),
};

const CODINGS: Readonly<Record<string, (text: string) => Buffer>> = {
  gzip: (text) => gzipSync(text),
  deflate: (text) => deflateSync(text),
  br: (text) => brotliCompressSync(text),
};

export const answerClauses: readonly Clause[] = [
  {
    id: 'answer.status',
    rule: 'Every status from 200 to 599 is a response and not a failure, except redirects, and 407, which is for proxies.',
    async prove(fixture) {
      const server = await start(fixture, (connection, request) => {
        const status = Number(pathOf(request).slice(1));
        const body = status === 204 || status === 205 ? '' : `status ${status}`;
        respond(status, body)(connection, request);
      });
      for (const status of STATUSES) {
        const answer = await answerTo(fixture, `${server.origin}/${status}`);
        assert.equal(answer.status, status, 'The status of the answer:');
      }
    },
  },
  {
    id: 'answer.headers',
    rule: 'A response has its headers; a header that arrived several times has all its values.',
    async prove(fixture) {
      const head = [
        'HTTP/1.1 429 Too Many Requests',
        'X-Debug-Id: fictional-1',
        'RETRY-AFTER: Fri, 31 Dec 2027 23:59:59 GMT',
        'www-authenticate: Basic realm="a, b"',
        'content-type:application/json',
        'Www-Authenticate: Bearer error="invalid_token"',
        'Content-Length: 0',
      ];
      const server = await start(fixture, send(`${head.join('\r\n')}\r\n\r\n`));
      const { headers } = await answerTo(fixture, server.origin);
      const expected = {
        'x-debug-id': 'fictional-1',
        'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT',
        'content-type': 'application/json',
        'www-authenticate': 'Basic realm="a, b", Bearer error="invalid_token"',
      };
      for (const [name, value] of Object.entries(expected)) {
        assert.equal(headers.get(name), value, `The header ${name} of the answer:`);
      }
    },
  },
  {
    id: 'answer.verbatim',
    rule: 'The body of a response is passed on unchanged, whatever it is and claims to be.',
    async prove(fixture) {
      for (const [type, body] of BODIES) {
        const server = await start(fixture, respond(502, body, { 'Content-Type': type }));
        const answer = await answerTo(fixture, server.origin);
        assert.equal(answer.headers.get('content-type'), type, 'The content type of the answer:');
        const bytes = Buffer.from(await answer.arrayBuffer());
        assert.equal(bytes.toString('latin1'), body, `The body of an answer that is said to be ${type}:`);
      }
    },
  },
  {
    id: 'answer.framing',
    rule: 'A body is read to its end, which its length, its last chunk or the end of the connection marks (RFC 9112 §6).',
    async prove(fixture) {
      const { origin } = await startRoutes(fixture, FRAMINGS);
      for (const path of Object.keys(FRAMINGS)) {
        const answer = await answerTo(fixture, origin + path);
        assert.deepEqual([answer.status, await answer.text()], [200, 'the whole body'], `The answer of ${path}:`);
      }
    },
  },
  {
    id: 'answer.empty',
    rule: 'A response may have no body, such as that to a revocation.',
    async prove(fixture) {
      const { origin } = await startRoutes(fixture, EMPTY);
      for (const path of Object.keys(EMPTY)) {
        const answer = await answerTo(fixture, origin + path);
        assert.equal(await answer.text(), '', `The body of the answer of ${path}:`);
      }
    },
  },
  {
    id: 'answer.complete',
    rule: 'A response is returned with its whole body: nothing that happens to the connection later affects it.',
    async prove(fixture) {
      const body = 'x'.repeat(fixture.maxBodySize);
      const head = responseText(200, '', { 'Content-Length': String(body.length) });
      const server = await start(fixture, (connection) => {
        connection.write(head + body.slice(0, 10));
        // A transport that resolves with the headers alone does so while the rest is still in flight.
        setTimeout(() => connection.writable && connection.write(body.slice(10)), 500);
      });
      const answer = await answerTo(fixture, server.origin);
      server.reset();
      const text = await answer.text().catch(() => assert.fail('The body of the answer went away.'));
      assert.equal(text.length, body.length, 'The length of the body:');
    },
  },
  {
    id: 'answer.compressed',
    rule: 'A response is decompressed if it is compressed in a way that the request allowed.',
    async prove(fixture) {
      const text = '{"access_token":"fictional"}'.repeat(100);
      let coding = 'identity';
      const server = await start(fixture, (connection, request) => {
        const allowed = headerOf(request, 'accept-encoding') ?? '';
        if (coding === 'identity' || !new RegExp(`\\b${coding}\\b(?!;q=0)`).test(allowed))
          respond(200, text)(connection, request);
        else {
          const body = CODINGS[coding]?.(text).toString('latin1') ?? '';
          respond(200, body, { 'Content-Encoding': coding })(connection, request);
        }
      });
      for (coding of ['identity', ...Object.keys(CODINGS)]) {
        const read = await (await answerTo(fixture, server.origin)).text();
        assert.ok(read === text, `An answer in ${coding}, which the request allowed, is read as something else.`);
      }
    },
  },
  {
    id: 'answer.never-raw',
    rule: 'A response that is compressed although the request did not allow it is decompressed or rejected, never passed on as it is.',
    async prove(fixture) {
      const text = '{"access_token":"fictional"}'.repeat(100);
      for (const [coding, compress] of Object.entries(CODINGS)) {
        const body = compress(text).toString('latin1');
        const server = await start(fixture, respond(200, body, { 'Content-Encoding': coding }));
        const outcome = await outcomeOf(fixture, server.origin + PATH);
        if ('answer' in outcome) {
          const read = await outcome.answer.text();
          assert.ok(read === text, `An answer in ${coding} is read as something else.`);
        } else {
          assert.ok(outcome.failure instanceof TransportError, `An answer in ${coding} is refused with another error.`);
        }
      }
    },
  },
  {
    id: 'answer.fresh',
    rule: 'Each request reaches the server, even if an earlier response to the same request may be cached (RFC 9111).',
    async prove(fixture) {
      const keep = { 'Cache-Control': 'public, max-age=3600', ETag: '"fictional"', Age: '0' };
      const server = await start(fixture, (connection, request) => {
        respond(200, `answer ${server.requests.length}`, keep)(connection, request);
      });
      const { body, ...rest } = REQUEST;
      const asks: TransportRequest[] = [REQUEST, REQUEST, { ...rest, method: 'GET' }, { ...rest, method: 'GET' }];
      for (const [index, request] of asks.entries()) {
        const read = await (await answerTo(fixture, server.origin + PATH, request)).text();
        assert.equal(read, `answer ${index + 1}`, `The answer to request ${index + 1}:`);
      }
      assert.equal(server.requests.length, asks.length, 'The number of requests that arrived:');
    },
  },
];
