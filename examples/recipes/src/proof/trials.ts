import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { ServerToServerAuth } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { authInterceptor } from '@frameio-auth/transport-undici';
import { Agent, type Dispatcher, interceptors, request } from 'undici';
import { frameioAxios } from '../axios.ts';
import { frameioAxiosOverHttp } from '../axios-http.ts';
import { frameioGot } from '../got.ts';
import { frameioGraphQL } from '../graphql-request.ts';
import { frameioKy } from '../ky.ts';
import { frameioRequests } from '../node-https.ts';
import { frameioSdk, repeatAfter401 } from '../official-sdk.ts';
import { frameioClient } from '../openapi-fetch.ts';
import { sendFile } from '../send-file.ts';
import { FrameioClient } from '../stand-in/frameio.ts';
import { frameioDispatcher } from '../undici.ts';
import { upload } from '../upload.ts';
import type { Client } from './claims.ts';
import type { World } from './world.ts';

/** How one recipe is tested. */
export interface Trial {
  /** The file of the recipe, without its extension. */
  readonly recipe: string;
  makeClient(auth: ServerToServerAuth, world: World): Client;
  /** A claim of this recipe in addition to the common ones. */
  readonly particular?: {
    readonly says: string;
    prove(auth: ServerToServerAuth, world: World): Promise<void>;
  };
}

const account_id = '00000000-0000-4000-8000-0000000000a1';
const workspaces = `accounts/${account_id}/workspaces`;
const workspace = { data: { name: 'Dailies' } };

export const trials: readonly Trial[] = [
  {
    recipe: 'official-sdk',
    makeClient(auth, { frameio }) {
      const client = frameioSdk(auth, frameio.origin);
      return {
        read: () => repeatAfter401(auth, () => client.users.show()),
        write: () => repeatAfter401(auth, () => client.workspaces.create(account_id, workspace, { maxRetries: 0 })),
      };
    },
    particular: {
      says: 'takes `token: auth.getToken` as well',
      async prove(auth, { frameio }) {
        await new FrameioClient({ environment: frameio.origin, token: auth.getToken }).users.show();
      },
    },
  },
  {
    recipe: 'openapi-fetch',
    makeClient(auth, { frameio }) {
      const client = frameioClient(auth, frameio.origin);
      return {
        read: async () => accepted((await client.GET('/me')).response),
        write: async () =>
          accepted(
            (
              await client.POST('/accounts/{account_id}/workspaces', {
                params: { path: { account_id } },
                body: workspace,
              })
            ).response,
          ),
        stray: async (url) => accepted((await client.GET('/me', { baseUrl: url })).response),
      };
    },
  },
  {
    recipe: 'ky',
    makeClient(auth, { frameio }) {
      const client = frameioKy(auth, frameio.origin);
      return {
        read: () => client.get('me').json(),
        write: () => client.post(workspaces, { json: workspace }).json(),
        stray: (url) => client.get(url).json(),
      };
    },
  },
  {
    recipe: 'axios',
    makeClient(auth, { frameio }) {
      const client = frameioAxios(auth, frameio.origin);
      return {
        read: () => client.get('me'),
        write: () => client.post(workspaces, workspace),
        stray: (url) => client.get(url),
      };
    },
  },
  {
    recipe: 'axios-http',
    makeClient(auth, { frameio }) {
      const client = frameioAxiosOverHttp(auth, frameio.origin);
      return {
        read: () => client.get('me'),
        write: () => client.post(workspaces, workspace),
        stream: (body) => client.put('fictional', body),
        stray: (url) => client.get(url),
      };
    },
  },
  {
    recipe: 'got',
    makeClient(auth, { frameio }) {
      const client = frameioGot(auth, frameio.origin);
      return {
        read: () => client.get('me').json(),
        write: () => client.post(workspaces, { json: workspace }).json(),
        stream: (body) => client.put('fictional', { body }),
        stray: (url) => client.get(url, { prefixUrl: '' }).json(),
      };
    },
  },
  {
    recipe: 'graphql-request',
    makeClient(auth, { frameio }) {
      const client = frameioGraphQL(auth, `${frameio.apiBaseUrl}/graphql`);
      return { write: () => client.request('mutation { addWorkspace(name: "Dailies") { id } }') };
    },
  },
  {
    recipe: 'undici',
    makeClient(auth, { frameio }) {
      const dispatcher = frameioDispatcher(auth, frameio.origin);
      const ask = async (
        url: string,
        options: Omit<Dispatcher.RequestOptions, 'origin' | 'path'> = { method: 'GET' },
      ) => {
        const { statusCode, body } = await request(url, { ...options, dispatcher });
        await body.dump();
        assert.ok(statusCode < 300, `it answered ${statusCode}`);
      };
      const headers = { 'content-type': 'application/json' };
      return {
        read: () => ask(`${frameio.apiBaseUrl}/me`),
        write: () =>
          ask(`${frameio.apiBaseUrl}/${workspaces}`, { method: 'POST', headers, body: JSON.stringify(workspace) }),
        stream: (body) => ask(`${frameio.apiBaseUrl}/fictional`, { method: 'PUT', body }),
        stray: (url) => ask(url),
      };
    },
    particular: {
      says: 'no token elsewhere with `interceptors.redirect()` either, named before',
      async prove(auth, world) {
        const { origin, apiBaseUrl, faults } = world.frameio;
        const location = `${world.elsewhere.origin}/v4/me`;
        faults.next('api', () => ({ status: 302, headers: { location }, body: '' }));
        const token = authInterceptor(auth, { allowedOrigins: [origin] });
        const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: 3 }), token);
        const { statusCode, body } = await request(`${apiBaseUrl}/me`, { dispatcher });
        await body.dump();
        assert.equal(statusCode, 401);
        assert.equal(world.elsewhere.visits.length, 1);
        assert.equal(world.leaked, false);
        assert.equal(world.tokenRequests, 0);
      },
    },
  },
  {
    recipe: 'node-https',
    makeClient(auth, { frameio }) {
      const call = frameioRequests(auth, frameio.origin);
      const ask = async (...how: Parameters<typeof call>) => {
        const answer = await call(...how);
        answer.resume();
        assert.ok(answer.statusCode !== undefined && answer.statusCode < 300, `it answered ${answer.statusCode}`);
      };
      const headers = { 'content-type': 'application/json' };
      return {
        read: () => ask(`${frameio.apiBaseUrl}/me`),
        write: () => ask(`${frameio.apiBaseUrl}/${workspaces}`, { method: 'POST', headers }, JSON.stringify(workspace)),
        stray: (url) => ask(url),
      };
    },
    particular: {
      says: 'no option takes the place of the address that was checked',
      async prove(auth, world) {
        const { hostname, port } = new URL(world.elsewhere.origin);
        const manner = { method: 'GET', hostname, host: hostname, port };
        const answer = await frameioRequests(auth, world.frameio.origin)(`${world.frameio.apiBaseUrl}/me`, manner);
        answer.resume();
        assert.deepEqual(world.apiStatuses, [200]);
      },
    },
  },
  {
    recipe: 'upload',
    makeClient: (auth, { frameio, file }) => ({
      write: () => upload(auth, file.path, `${frameio.apiBaseUrl}/accounts/${account_id}/folders/fictional`),
    }),
    particular: {
      says: 'the parts go to their signed addresses, whole and without the token',
      async prove(auth, world) {
        await upload(auth, world.file.path, `${world.frameio.apiBaseUrl}/accounts/${account_id}/folders/fictional`);
        const parts = world.elsewhere.visits.map((visit) => visit.slice(visit.lastIndexOf('\n') + 1));
        assert.equal(parts.length, 2);
        assert.ok(parts.join('') === world.file.content);
        assert.equal(world.leaked, false);
      },
    },
  },
  {
    recipe: 'send-file',
    makeClient: (auth, { frameio, file }) => ({
      write: async () => accepted(await sendFile(auth, file.path, `${frameio.apiBaseUrl}/fictional`)),
      stream: async (body) => {
        const send = authenticatedFetch(auth, { allowedOrigins: [frameio.origin] });
        const init: RequestInit = { method: 'PUT', body: Readable.toWeb(body) as ReadableStream, duplex: 'half' };
        accepted(await send(`${frameio.apiBaseUrl}/fictional`, init));
      },
    }),
  },
];

function accepted({ ok, status }: Response): void {
  assert.ok(ok, `it answered ${status}`);
}
