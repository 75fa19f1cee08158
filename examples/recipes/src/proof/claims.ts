import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { fault } from '@frameio-auth/testing';
import type { World } from './world.ts';

/** A client that a recipe created. Its calls resolve if the API did what was requested, and reject otherwise. */
export interface Client {
  /** Makes a change. */
  readonly write: () => Promise<unknown>;
  /** Reads something, if the recipe supports that. */
  readonly read?: () => Promise<unknown>;
  /** Sends a stream as the body, if the tool accepts one. */
  readonly stream?: (body: Readable) => Promise<unknown>;
  /** Calls an address of another origin, if the client accepts one. */
  readonly stray?: (url: string) => Promise<unknown>;
}

/** Tests one claim with a service that has just signed in, and throws if it does not hold. */
export type Claim = (world: World, client: Client) => Promise<void>;

/** The claims that hold for every recipe. */
export const claims: readonly Claim[] = [
  async function repeatsRefusedReadOnce(world, { read }) {
    if (read === undefined) return;
    await read();
    world.frameio.expireAccessTokens();
    await read();
    assert.deepEqual(world.apiStatuses, [200, 401, 200], 'a read that is refused is repeated, once');
    assert.equal(world.tokenRequests, 1, 'with one new token');
  },

  async function repeatsRefusedWriteOnce(world, { write }) {
    world.frameio.expireAccessTokens();
    await write();
    assert.deepEqual(world.apiStatuses, [401, 201], 'a write that is refused is repeated, once');
    assert.equal(world.tokenRequests, 1, 'with one new token');
    const [refused, accepted] = world.apiHeaders;
    assert.ok(Number(accepted?.['content-length']) > 0, 'and with its body');
    assert.equal(accepted?.['content-length'], refused?.['content-length'], 'all of it');
    assert.equal(accepted?.['content-type'], refused?.['content-type'], 'under its type');
  },

  async function returnsRefusedStream(world, { write, stream }) {
    if (stream === undefined) return;
    world.frameio.expireAccessTokens();
    await assert.rejects(stream(createReadStream(world.file.path)));
    assert.deepEqual(world.apiStatuses, [401], 'a stream that was read is not sent again');
    await write();
    assert.deepEqual(world.apiStatuses, [401, 201], 'and the next call has the new token');
    assert.equal(world.tokenRequests, 1, 'for which one was enough');
  },

  async function takesSecondRefusal(world, { write, read = write }) {
    world.frameio.faults.next('api', fault.status(401), { times: 2 });
    await assert.rejects(read());
    assert.deepEqual(world.apiStatuses, [401, 401], 'a second refusal stands');
    assert.equal(world.tokenRequests, 1, 'and the second token is not given up for it');
  },

  async function takesForbidden(world, { write, read = write }) {
    world.frameio.faults.next('api', fault.status(403));
    await assert.rejects(read());
    assert.deepEqual(world.apiStatuses, [403], 'a 403 is not repeated');
    assert.equal(world.tokenRequests, 0, 'and no token is renewed for it');
  },

  async function writesOnce(world, { write }) {
    world.frameio.faults.next('api', fault.status(503));
    await assert.rejects(write());
    assert.deepEqual(world.apiStatuses, [503], 'a write that failed is not repeated');
    world.frameio.faults.next('api', fault.lostAnswer());
    await assert.rejects(write());
    assert.deepEqual(world.apiStatuses, [503, undefined], 'nor is one without a response');
  },

  async function writesOnceDespiteRedirect(world, { write }) {
    const location = `${world.frameio.apiBaseUrl}/refusal`;
    world.frameio.faults.next('api', () => ({ status: 303, headers: { location }, body: '' }));
    const refusal = world.frameio.faults.always('api', fault.status(401), {
      when: ({ path }) => path.endsWith('/refusal'),
    });
    await assert.rejects(write());
    refusal.remove();
    const writes = world.frameio.requests.filter(({ endpoint, method }) => endpoint === 'api' && method !== 'GET');
    assert.equal(writes.length, 1, 'a write is not repeated for the 401 of the address that it was redirected to');
  },

  async function redirectsWithoutToken(world, { write, read = write }) {
    const location = `${world.elsewhere.origin}/v4/me`;
    world.frameio.faults.next('api', () => ({ status: 307, headers: { location }, body: '' }));
    await assert.rejects(read());
    assert.equal(world.leaked, false, 'a redirect to another origin is followed without the token, or not at all');
    assert.ok(world.elsewhere.visits.length <= 1, 'a 401 from there is not repeated');
    assert.equal(world.tokenRequests, 0, 'and no token is renewed for it');
  },

  async function straysWithoutToken(world, { stray }) {
    if (stray === undefined) return;
    await assert.rejects(stray(`${world.elsewhere.origin}/v4/me`));
    assert.equal(world.leaked, false, 'a call to another origin is made without the token, or not at all');
    assert.equal(world.tokenRequests, 0, 'and no token is renewed for it');
  },
];
