import assert from 'node:assert/strict';
import type { TransportRequest } from '@frameio-auth/core/adapter';
import { type Certificate, serverCertificate } from '@frameio-auth/testing';
import { closedOrigin, misbehaviour, responseText } from '../misbehaving-server.js';
import { vouchedFor } from './authority.js';
import {
  assertDelivery,
  assertUnknown,
  CANARIES,
  type Clause,
  failureOn,
  failureTo,
  PATH,
  REQUEST,
  start,
  type TransportFixture,
  within,
} from './transport-fixture.js';

const { hang, hangUp, reset, respond, sendAndHangUp } = misbehaviour;

/** Invalid addresses, by what is wrong with them. */
const ADDRESSES: Readonly<Record<string, string>> = {
  'an address without a scheme': `127.0.0.1/${CANARIES.path}`,
  'a path alone': `/${CANARIES.path}`,
  'an address of another scheme': `ftp://127.0.0.1/${CANARIES.path}`,
  'an address that is data': `data:text/plain,${CANARIES.path}`,
  'an address with credentials': `https://${CANARIES.path}:${CANARIES.query}@127.0.0.1/`,
  'an empty address': '',
};

/** Request parts that HTTP does not allow. */
const FLAWS: Readonly<Record<string, Partial<TransportRequest>>> = {
  'a header that breaks the line': { headers: { authorization: `Bearer ${CANARIES.header}\r\nx: y` } },
  'a header with NUL': { headers: { authorization: `Bearer ${CANARIES.header}\0` } },
  'a header that is no Latin-1': { headers: { authorization: `Bearer ${CANARIES.header}\u2028` } },
  'a header name with a space': { headers: { [`x ${CANARIES.header}`]: 'y' } },
  'a method of two words': { method: `GET ${CANARIES.header}` },
};

export const deliveryClauses: readonly Clause[] = [
  {
    id: 'delivery.refused',
    rule: 'If nothing listens at the address, the failure is `not_sent`, whether the host has one address or several.',
    async prove(fixture) {
      const origin = await closedOrigin();
      for (const host of [origin, origin.replace('127.0.0.1', 'localhost')]) {
        assertDelivery(await failureTo(fixture, host + PATH), 'not_sent');
      }
    },
  },
  {
    id: 'delivery.no-such-host',
    rule: 'A host name that does not resolve (RFC 6761 §6.4): `not_sent`.',
    async prove(fixture) {
      assertDelivery(await failureTo(fixture, `https://frameio-auth.invalid${PATH}`), 'not_sent');
    },
  },
  {
    id: 'delivery.untrusted',
    rule: 'Nothing is sent to a server with an untrusted certificate: `not_sent`.',
    prove: async (fixture) => assertNothingSent(fixture, await serverCertificate()),
  },
  {
    id: 'delivery.wrong-host',
    rule: 'Nothing is sent to a server with the certificate of another host: `not_sent`.',
    prove: async (fixture) => assertNothingSent(fixture, await vouchedFor({ host: 'another.example' })),
  },
  {
    id: 'delivery.expired',
    rule: 'Nothing is sent to a server with an expired certificate: `not_sent`.',
    prove: async (fixture) => assertNothingSent(fixture, await vouchedFor({ expired: true })),
  },
  {
    id: 'delivery.handshake',
    rule: 'Nothing is sent to a server that closes the connection during the TLS handshake: `not_sent`.',
    async prove(fixture) {
      const server = await start(fixture, hang, {
        onConnection: (connection) => connection.once('data', () => connection.end()),
      });
      assertDelivery(await failureTo(fixture, server.origin.replace('http:', 'https:') + PATH), 'not_sent');
    },
  },
  {
    id: 'delivery.invalid',
    rule: 'A request that is not valid in HTTP fails with `invalid_request` and `not_sent`, without a connection.',
    async prove(fixture) {
      const server = await start(fixture, respond(200));
      const cases: [what: string, url: string, request: TransportRequest][] = [
        ...Object.entries(ADDRESSES).map(([what, url]) => [what, url, REQUEST] satisfies [string, string, unknown]),
        ...Object.entries(FLAWS).map(
          ([what, flaw]) => [what, server.origin + PATH, { ...REQUEST, ...flaw }] satisfies [string, string, unknown],
        ),
      ];
      for (const [what, url, request] of cases) {
        const { code, delivery } = await failureTo(fixture, url, request);
        assert.deepEqual([code, delivery], ['invalid_request', 'not_sent'], `The failure of ${what}:`);
      }
      assert.equal(server.connections, 0, 'The number of connections to the server:');
    },
  },
  {
    id: 'delivery.hang-up',
    rule: 'A server that closes the connection after the request may have processed it: `unknown`.',
    prove: async (fixture) => assertDelivery(await failureOn(fixture, hangUp), 'unknown'),
  },
  {
    id: 'delivery.reset',
    rule: 'A connection that is reset after the request: `unknown`.',
    prove: async (fixture) => assertDelivery(await failureOn(fixture, reset), 'unknown'),
  },
  {
    id: 'delivery.half-sent',
    rule: 'A connection that is reset while the request is being sent: `unknown`, because the server has a part of it.',
    async prove(fixture) {
      const server = await start(fixture, hang, {
        onConnection: (connection) => connection.once('data', () => connection.resetAndDestroy()),
      });
      const request = { ...REQUEST, body: 'x'.repeat(2 ** 23) };
      assertDelivery(await failureTo(fixture, server.origin + PATH, request), 'unknown');
    },
  },
  {
    id: 'delivery.no-http',
    rule: 'A response that is not HTTP: `unknown`.',
    async prove(fixture) {
      for (const answer of [`SSH-2.0-${CANARIES.answer}\r\n`, 'HTTP/1.1 abc\r\n\r\n', '\0\0\0\r\n\r\n']) {
        assertDelivery(await failureOn(fixture, sendAndHangUp(answer)), 'unknown');
      }
    },
  },
  {
    id: 'delivery.status',
    rule: 'A response with a status that HTTP does not have (RFC 9110 §15) fails with `invalid_status` and `unknown`.',
    async prove(fixture) {
      for (const status of [600, 999]) {
        assertUnknown(await failureOn(fixture, respond(status, CANARIES.answer)), 'invalid_status');
      }
    },
  },
  {
    id: 'delivery.head-cut',
    rule: 'A response that ends within its headers: `unknown`.',
    async prove(fixture) {
      const [head = ''] = responseText(200, '', { 'X-Secret': CANARIES.answer }).split('\r\n\r\n');
      assertDelivery(await failureOn(fixture, sendAndHangUp(head)), 'unknown');
    },
  },
];

async function assertNothingSent(fixture: TransportFixture, tls: Certificate): Promise<void> {
  const server = await start(fixture, respond(200), { tls });
  assertDelivery(await failureTo(fixture, server.origin + PATH), 'not_sent');
  await within(3_000, 'the end of the connection', server.deserted());
  assert.ok(server.connections > 0, 'The server was not connected to, so its certificate cannot have been looked at.');
  assert.equal(server.bytesReceived, 0, 'The number of bytes that arrived over TLS:');
}
