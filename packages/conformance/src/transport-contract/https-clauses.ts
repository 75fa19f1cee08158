import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { misbehaviour } from '../misbehaving-server.js';
import { range } from '../range.js';
import { goodCertificate } from './authority.js';
import { type SecureBehaviour, type SecureServer, startSecure } from './secure-server.js';
import {
  answerTo,
  assertDelivery,
  assertTimedOut,
  assertUnknown,
  CANARIES,
  type Clause,
  failureTo,
  forLater,
  MUCH,
  PATH,
  pourInto,
  REQUEST,
  start,
  type TransportFixture,
  waitUntil,
} from './transport-fixture.js';

export const httpsClauses: readonly Clause[] = [
  {
    id: 'https.request',
    rule: 'Over https, with HTTP/1.1 and HTTP/2, request and response arrive unchanged.',
    async prove(fixture) {
      const server = await startSecure(fixture, ({ request, response }) => {
        response.writeHead(400, { 'x-debug-id': 'fictional-1' }).end(`${request.method} ${request.path}`);
      });
      const old = await start(fixture, misbehaviour.respond(200, 'HTTP/1.1'), { tls: await goodCertificate() });
      const answer = await answerTo(fixture, server.origin + PATH);
      assert.deepEqual(
        [answer.status, answer.headers.get('x-debug-id'), await answer.text()],
        [400, 'fictional-1', `POST ${PATH}`],
        'Status, debug ID and body of the answer:',
      );
      const [request] = server.requests;
      for (const [name, value] of Object.entries(REQUEST.headers)) {
        assert.equal(request?.headers[name], value, `The header ${name} that arrived:`);
      }
      assert.equal(request?.body, REQUEST.body, 'The body that arrived:');
      assert.equal(
        await (await answerTo(fixture, old.origin)).text(),
        'HTTP/1.1',
        'The answer of a server without HTTP/2:',
      );
    },
  },
  {
    id: 'https.many',
    rule: 'Over https, each of many concurrent requests gets its own response, and one that waits does not delay the others.',
    async prove(fixture) {
      const server = await startSecure(fixture, ({ request, response }) => {
        if (request.path !== '/stuck') response.end(request.path + request.body);
      });
      const stuck = forLater(failureTo(fixture, `${server.origin}/stuck`));
      await Promise.all(
        range(0, 10).map(async (turn) => {
          const answer = await answerTo(fixture, `${server.origin}/${turn}`, { ...REQUEST, body: ` body ${turn}` });
          assert.equal(await answer.text(), `/${turn} body ${turn}`, `The answer to request ${turn}:`);
        }),
      );
      assert.equal(server.requests.length, 11, 'The number of requests that arrived:');
      assert.equal(server.open, 1, 'The number of requests that are not over, of which one is stuck:');
      server.reset();
      assertDelivery(await stuck, 'unknown');
    },
  },
  {
    id: 'https.broken',
    rule: 'Over https, a connection that breaks after the request: `unknown`, and the request arrives once.',
    async prove(fixture) {
      await assertSeenOnce(fixture, ({ breakConnection }) => breakConnection());
    },
  },
  {
    id: 'https.stream-reset',
    rule: 'A request whose HTTP/2 stream the server resets, for an internal error or for load: `unknown`, and it arrives once.',
    async prove(fixture) {
      for (const code of [constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_ENHANCE_YOUR_CALM]) {
        await assertSeenOnce(fixture, ({ resetStream }) => resetStream(code));
      }
    },
  },
  {
    id: 'https.refused-stream',
    rule: 'A request whose HTTP/2 stream the server refuses is not repeated, although it could be (RFC 9113 §8.7).',
    async prove(fixture) {
      const server = await startSecure(fixture, ({ resetStream }) => resetStream(constants.NGHTTP2_REFUSED_STREAM));
      await failureTo(fixture, server.origin);
      assert.equal(server.requests.length, 1, 'The number of requests that the server saw:');
    },
  },
  {
    id: 'https.going-away',
    rule: 'A server that accepts no more requests on an HTTP/2 connection (RFC 9113 §6.8) answers the pending ones, and the next on another.',
    async prove(fixture) {
      const server = await startSecure(fixture, ({ request, response, goAway }) => {
        goAway();
        setTimeout(() => response.end(request.path), 20);
      });
      for (const path of ['/1', '/2', '/3']) {
        assert.equal(await (await answerTo(fixture, server.origin + path)).text(), path, 'The answer:');
      }
      assert.equal(server.requests.length, 3, 'The number of requests that the server saw:');
    },
  },
  {
    id: 'https.body-cut',
    rule: 'Over https, a response that breaks off fails with `body_incomplete` and `unknown`.',
    async prove(fixture) {
      await assertSeenOnce(
        fixture,
        ({ response, resetStream }) => {
          response.writeHead(200, { 'content-length': '1000' }).write(CANARIES.answer);
          setTimeout(() => resetStream(constants.NGHTTP2_INTERNAL_ERROR), 300);
        },
        'body_incomplete',
      );
    },
  },
  {
    id: 'https.body-endless',
    rule: 'Over https, an endless response fails with `body_too_large` and `unknown`, and the rest is not read.',
    async prove(fixture) {
      const chunk = Buffer.alloc(0x4000);
      let poured = 0;
      const server = await assertSeenOnce(
        fixture,
        ({ response }) => {
          pourInto(response, chunk, (bytes) => {
            poured += bytes;
          });
        },
        'body_too_large',
      );
      await assertNoneOpen(server);
      assert.ok(poured < MUCH, `Of a body that may have ${fixture.maxBodySize} bytes, ${poured} were read.`);
    },
  },
  {
    id: 'https.redirect',
    rule: 'Over https, a redirect fails with `redirect_refused` and `unknown`, and no other path is requested.',
    async prove(fixture) {
      await assertSeenOnce(
        fixture,
        ({ response }) => {
          response.writeHead(307, { location: '/elsewhere' }).end();
        },
        'redirect_refused',
      );
    },
  },
  {
    id: 'https.timeout',
    rule: 'Over https, a request without a response fails with `timeout` and `unknown`, and its stream is closed.',
    settings: { timeout: 1_000 },
    async prove(fixture) {
      const server = await startSecure(fixture, () => {});
      assertTimedOut(await failureTo(fixture, server.origin + PATH), server.requests.length);
      assert.ok(server.requests.length <= 1, 'The server saw the request more than once.');
      await assertNoneOpen(server);
    },
  },
];

async function assertSeenOnce(
  fixture: TransportFixture,
  behave: SecureBehaviour,
  code?: string,
): Promise<SecureServer> {
  const server = await startSecure(fixture, behave);
  const failure = await failureTo(fixture, server.origin + PATH);
  if (code === undefined) assertDelivery(failure, 'unknown');
  else assertUnknown(failure, code);
  assert.equal(server.requests.length, 1, 'The number of requests that the server saw:');
  return server;
}

function assertNoneOpen(server: SecureServer): Promise<void> {
  return waitUntil('the end of a request that was given up', () => server.open === 0);
}
