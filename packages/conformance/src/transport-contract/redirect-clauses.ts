import assert from 'node:assert/strict';
import { type Misbehaviour, misbehaviour, responseText } from '../misbehaving-server.js';
import { range } from '../range.js';
import {
  assertReleased,
  assertUnknown,
  type Clause,
  failureTo,
  start,
  startRoutes,
  type TransportFixture,
} from './transport-fixture.js';

const { respond, send } = misbehaviour;

export const redirectClauses: readonly Clause[] = [
  {
    id: 'redirect.elsewhere',
    rule: 'A redirect to another origin fails with `redirect_refused` and `unknown`, and sends nothing to that origin.',
    async prove(fixture) {
      const other = await start(fixture, respond(200));
      await assertRefused(fixture, (status) => respond(status, '', { Location: `${other.origin}/elsewhere` }));
      assert.equal(other.connections, 0, 'The number of connections to the other origin:');
    },
  },
  {
    id: 'redirect.same-origin',
    rule: 'A redirect within the origin also fails with `redirect_refused`, and no other path is requested.',
    async prove(fixture) {
      await assertRefused(fixture, (status) => respond(status, '', { Location: '/elsewhere' }));
    },
  },
  {
    id: 'redirect.any',
    rule: 'Any status from 300 to 399 fails with `redirect_refused`, with or without a location.',
    async prove(fixture) {
      await assertRefused(fixture, (status) => respond(status), [...range(300, 310), 350, 399]);
    },
  },
  {
    id: 'redirect.let-go',
    rule: 'A redirect with an endless body fails too, and its connection is closed.',
    async prove(fixture) {
      const half = responseText(302, 'half', { Location: '/elsewhere', 'Content-Length': '1000' });
      const server = await startRoutes(fixture, { '/': send(half), '/elsewhere': respond(200) });
      assertUnknown(await failureTo(fixture, server.origin), 'redirect_refused');
      await assertReleased(server);
    },
  },
];

/** Asserts that a request for `/<status>` gets a redirect and is rejected, without a further request. */
async function assertRefused(
  fixture: TransportFixture,
  redirect: (status: number) => Misbehaviour,
  statuses: readonly number[] = [301, 302, 303, 307, 308],
): Promise<void> {
  const routes = statuses.map((status) => [`/${status}`, redirect(status)] as const);
  const server = await startRoutes(fixture, { ...Object.fromEntries(routes), '/elsewhere': respond(200) });
  for (const status of statuses) {
    assertUnknown(await failureTo(fixture, `${server.origin}/${status}`), 'redirect_refused');
    assert.equal(server.requests.length, 1 + statuses.indexOf(status), 'The number of requests that the server saw:');
  }
}
