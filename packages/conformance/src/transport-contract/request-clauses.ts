import assert from 'node:assert/strict';
import { misbehaviour } from '../misbehaving-server.js';
import { range } from '../range.js';
import {
  answerTo,
  bodyOf,
  type Clause,
  failureTo,
  forLater,
  headerOf,
  PATH,
  pathOf,
  REQUEST,
  start,
  startRoutes,
  within,
} from './transport-fixture.js';

const { hang, respond } = misbehaviour;

/** Bodies that an intermediate layer might change. */
const BODIES: readonly string[] = [
  'grant_type=refresh_token&refresh_token=a%2Bb%20c+d',
  'line\nline\r\nline\r\n\r\n',
  'NUL \0 and \u007f',
  '\ufeffSchnittraum, 剪辑室, مونتاج, 👩‍👩‍👧‍👦',
  '0\r\n\r\n',
  ' ',
  'x'.repeat(100_000),
];

const ADDRESSES: readonly string[] = [
  '/',
  '/ims/token/v3',
  '/a%2Fb/%E2%98%83//c;d=1',
  '/path?client_id=a%20b&scope=openid,AdobeID+x&empty=&%C3%A9',
];

export const requestClauses: readonly Clause[] = [
  {
    id: 'request.address',
    rule: 'Method, path and query arrive exactly as given.',
    async prove(fixture) {
      const { origin, requests } = await start(fixture, respond(200));
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        for (const address of ADDRESSES) {
          const { body, ...rest } = REQUEST;
          await answerTo(fixture, origin + address, { ...rest, method, ...(method !== 'GET' && body && { body }) });
          assert.equal(requests.at(-1)?.split('\r\n')[0], `${method} ${address} HTTP/1.1`, 'The line that arrived:');
        }
      }
    },
  },
  {
    id: 'request.headers',
    rule: 'Headers arrive with exactly the values given.',
    async prove(fixture) {
      const headers = {
        Authorization: 'Basic Y2xpZW50OnNlY3JldA==',
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        accept: 'application/json',
        'x-fictional': 'a  b, "c"; d=e\\f ~!#$%&*',
        'x-latin': 'Zürich',
        'x-long': 'v'.repeat(4_000),
      };
      const server = await start(fixture, respond(200));
      await answerTo(fixture, server.origin, { ...REQUEST, headers });
      for (const [name, value] of Object.entries(headers)) {
        assert.equal(headerOf(server.requests[0] ?? '', name), value, `The header ${name} that arrived:`);
      }
    },
  },
  {
    id: 'request.body',
    rule: 'A body arrives exactly as given, in UTF-8; a request without a body arrives without one.',
    async prove(fixture) {
      const { origin, requests } = await start(fixture, respond(200));
      for (const body of BODIES) {
        await answerTo(fixture, origin, { ...REQUEST, body });
        const arrived = bodyOf(requests.at(-1) ?? '');
        // Not assert.equal, because its message would show all of it.
        assert.ok(arrived === Buffer.from(body).toString('latin1'), `${body.length} characters arrived as others.`);
      }
      const { body, ...rest } = REQUEST;
      await answerTo(fixture, origin, { ...rest, method: 'GET' });
      assert.equal(bodyOf(requests.at(-1) ?? ''), '', 'The body that arrived of a request without one:');
      assert.equal(requests.length, BODIES.length + 1, 'The number of requests that arrived:');
    },
  },
  {
    id: 'request.no-credentials',
    rule: 'No credentials are added: no `Authorization`, even after a 401, and no cookie of an earlier response.',
    async prove(fixture) {
      const challenge = { 'Set-Cookie': 'fictional=1; Path=/', 'WWW-Authenticate': 'Basic realm="fictional"' };
      const { origin, requests } = await start(fixture, respond(401, '', challenge));
      const request = { ...REQUEST, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
      for (const _ of range(0, 2)) assert.equal((await answerTo(fixture, origin + PATH, request)).status, 401);
      assert.equal(requests.length, 2, 'The number of requests that arrived:');
      for (const arrived of requests) {
        for (const name of ['authorization', 'proxy-authorization', 'cookie', 'referer']) {
          assert.equal(headerOf(arrived, name), undefined, `The header ${name}, which the caller did not set:`);
        }
      }
    },
  },
  {
    id: 'request.many',
    rule: 'Each of many requests gets its own response, both sequentially and concurrently.',
    async prove(fixture) {
      const server = await start(fixture, (connection, request) =>
        respond(200, `${pathOf(request)} ${bodyOf(request)}`)(connection, request),
      );
      const ask = async (turn: number): Promise<void> => {
        const answer = await answerTo(fixture, `${server.origin}/${turn}`, { ...REQUEST, body: `body ${turn}` });
        assert.equal(await answer.text(), `/${turn} body ${turn}`, `The answer to request ${turn}:`);
      };
      for (const turn of range(0, 10)) await ask(turn);
      await Promise.all(range(10, 30).map(ask));
      assert.equal(server.requests.length, 30, 'The number of requests that arrived:');
    },
  },
  {
    id: 'request.stuck',
    rule: 'A request that waits for its response does not delay others to the same server.',
    async prove(fixture) {
      const server = await startRoutes(fixture, { '/stuck': hang, '/': respond(200) });
      const stuck = range(0, 10).map(() => failureTo(fixture, `${server.origin}/stuck`));
      let over = false;
      const end = forLater(
        Promise.all(stuck).then(() => {
          over = true;
        }),
      );
      for (const _ of range(0, 3)) await answerTo(fixture, `${server.origin}/`);
      assert.equal(over, false, 'Whether it was answered only when the ones that are stuck were over:');
      server.reset();
      await within(fixture.timeout, 'the end of the requests that were stuck', end);
    },
  },
];
