import assert from 'node:assert/strict';
import { constants } from 'node:http2';
import { misbehaviour } from '../misbehaving-server.js';
import { goodCertificate } from './authority.js';
import {
  answerTo,
  assertDelivery,
  assertUnknown,
  type Bench,
  CANARIES,
  type Clause,
  comesTrue,
  failureTo,
  PATH,
  REQUEST,
  range,
  SHORT,
  start,
} from './bench.js';
import { type SecureBehaviour, type SecureServer, startSecure } from './secure-server.js';

export const httpsClauses: readonly Clause[] = [
  {
    id: 'https.request',
    rule: 'Over https request and answer come through as over http, in whichever of its versions of HTTP the server is asked.',
    async prove(bench) {
      const server = await startSecure(bench, ({ request, response }) => {
        response.writeHead(400, { 'x-debug-id': 'fictional-1' }).end(`${request.method} ${request.path}`);
      });
      const old = await start(bench, misbehaviour.respond(200, 'HTTP/1.1'), { tls: await goodCertificate() });
      const answer = await answerTo(bench, server.origin + PATH);
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
        await (await answerTo(bench, old.origin)).text(),
        'HTTP/1.1',
        'The answer of a server without HTTP/2:',
      );
    },
  },
  {
    id: 'https.many',
    rule: 'Each of many requests at once gets its own answer, and one that is stuck holds up no other.',
    async prove(bench) {
      const server = await startSecure(bench, ({ request, response }) => {
        if (request.path !== '/stuck') response.end(request.path + request.body);
      });
      const stuck = failureTo(bench, `${server.origin}/stuck`);
      await Promise.all(
        range(0, 40).map(async (turn) => {
          const answer = await answerTo(bench, `${server.origin}/${turn}`, { ...REQUEST, body: ` body ${turn}` });
          assert.equal(await answer.text(), `/${turn} body ${turn}`, `The answer to request ${turn}:`);
        }),
      );
      assert.equal(server.open, 1, 'The number of requests that are not over, of which one is stuck:');
      server.reset();
      assertDelivery(await stuck, 'unknown');
    },
  },
  {
    id: 'https.broken',
    rule: 'A connection that breaks after the request: `unknown`, and the server saw it once.',
    async prove(bench) {
      await assertSeenOnce(bench, ({ breakConnection }) => breakConnection());
    },
  },
  {
    id: 'https.stream-reset',
    rule: 'So does a server that takes back a request of HTTP/2 for a fault of its own, or because it wants calm.',
    async prove(bench) {
      for (const code of [constants.NGHTTP2_INTERNAL_ERROR, constants.NGHTTP2_ENHANCE_YOUR_CALM]) {
        await assertSeenOnce(bench, ({ resetStream }) => resetStream(code));
      }
    },
  },
  {
    id: 'https.refused-stream',
    rule: 'A request that the server refuses by a code of HTTP/2 is not repeated either, though it may be (RFC 9113 §8.7).',
    async prove(bench) {
      const server = await startSecure(bench, ({ resetStream }) => resetStream(constants.NGHTTP2_REFUSED_STREAM));
      await failureTo(bench, server.origin);
      assert.equal(server.requests.length, 1, 'The number of requests that the server saw:');
    },
  },
  {
    id: 'https.going-away',
    rule: 'A server that takes no more requests on a connection (RFC 9113 §6.8) still answers those it has, and is asked on another.',
    async prove(bench) {
      const server = await startSecure(bench, ({ request, response, goAway }) => {
        goAway();
        setTimeout(() => response.end(request.path), 20);
      });
      for (const path of ['/1', '/2', '/3']) {
        assert.equal(await (await answerTo(bench, server.origin + path)).text(), path, 'The answer:');
      }
      assert.equal(server.requests.length, 3, 'The number of requests that the server saw:');
    },
  },
  {
    id: 'https.body-cut',
    rule: 'An answer that breaks off: `body_incomplete` and `unknown`.',
    async prove(bench) {
      await assertSeenOnce(
        bench,
        ({ response, resetStream }) => {
          response.writeHead(200, { 'content-length': '1000' }).write(CANARIES.answer);
          setTimeout(() => resetStream(constants.NGHTTP2_INTERNAL_ERROR), 50);
        },
        'body_incomplete',
      );
    },
  },
  {
    id: 'https.body-endless',
    rule: 'An answer that is longer than it may be: `body_too_large` and `unknown`, and the rest is not asked for.',
    async prove(bench) {
      const chunk = Buffer.alloc(0x4000);
      const server = await assertSeenOnce(
        bench,
        ({ response }) => {
          const pour = (): void => {
            while (!response.destroyed && response.write(chunk));
          };
          response.on('drain', pour);
          pour();
        },
        'body_too_large',
      );
      await assertNoneOpen(server);
    },
  },
  {
    id: 'https.redirect',
    rule: 'A redirect: `redirect_refused` and `unknown`, and no other path is asked for.',
    async prove(bench) {
      await assertSeenOnce(
        bench,
        ({ response }) => {
          response.writeHead(307, { location: '/elsewhere' }).end();
        },
        'redirect_refused',
      );
    },
  },
  {
    id: 'https.timeout',
    rule: 'A request that gets no answer: `timeout` and `unknown`, and the server is told that nobody waits any more.',
    settings: { timeout: SHORT },
    prove: async (bench) => assertNoneOpen(await assertSeenOnce(bench, () => {}, 'timeout')),
  },
];

async function assertSeenOnce(bench: Bench, behave: SecureBehaviour, code?: string): Promise<SecureServer> {
  const server = await startSecure(bench, behave);
  const failure = await failureTo(bench, server.origin + PATH);
  if (code === undefined) assertDelivery(failure, 'unknown');
  else assertUnknown(failure, code);
  assert.equal(server.requests.length, 1, 'The number of requests that the server saw:');
  return server;
}

function assertNoneOpen(server: SecureServer): Promise<void> {
  return comesTrue('the end of a request that nobody waits for', () => server.open === 0);
}
