import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { adobeIms, ServerToServerAuth } from '@frameio-auth/core';
import {
  type Answer,
  type AuthorizationServer,
  type Fault,
  type RecordedRequest,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';

/** The sizes of the file's parts, in bytes. */
const PARTS = [60_000, 40_000];

/** The test environment: local servers for Adobe and Frame.io, over TLS, and one of another origin. */
export class World {
  readonly frameio: AuthorizationServer;
  readonly elsewhere: Elsewhere;
  /** A file to upload. */
  readonly file: { readonly path: string; readonly content: string };

  private constructor(frameio: AuthorizationServer, elsewhere: Elsewhere, file: World['file']) {
    this.frameio = frameio;
    this.elsewhere = elsewhere;
    this.file = file;
  }

  static async begin(): Promise<World> {
    const frameio = await startAuthorizationServer({ https: true });
    // Like NODE_EXTRA_CA_CERTS, so that the recipes need not know of the self-signed certificate.
    setDefaultCACertificates([...getCACertificates(), frameio.certificate ?? '']);
    const elsewhere = await Elsewhere.open();
    frameio.faults.always('api', takingWrites(elsewhere), { when: ({ method }) => method !== 'GET' });
    const path = join(await mkdtemp(join(tmpdir(), 'frameio-recipes-')), 'dailies.mp4');
    const content = PARTS.map((size, part) => String(part).repeat(size)).join('');
    await writeFile(path, content);
    return new World(frameio, elsewhere, { path, content });
  }

  /** Creates a service that has its token, and clears the records. */
  async signIn(): Promise<ServerToServerAuth> {
    const auth = new ServerToServerAuth({
      ...this.frameio.clients.serverToServer,
      server: adobeIms({ origin: this.frameio.origin }),
      transport: fetchTransport(),
    });
    await auth.getToken();
    this.frameio.clearRequests();
    this.elsewhere.visits.length = 0;
    return auth;
  }

  /** Returns the statuses of the API's responses; `undefined` if a response was lost. */
  get apiStatuses(): (number | undefined)[] {
    return this.#apiRequests.map(({ status }) => status);
  }

  /** Returns the headers of the requests to the API. */
  get apiHeaders(): Readonly<Record<string, string>>[] {
    return this.#apiRequests.map(({ headers }) => headers);
  }

  get #apiRequests(): readonly RecordedRequest[] {
    return this.frameio.requests.filter(({ endpoint }) => endpoint === 'api');
  }

  get tokenRequests(): number {
    return this.frameio.count({ endpoint: 'token' });
  }

  /** Whether a token or secret was sent to another origin. */
  get leaked(): boolean {
    const secrets = this.frameio.secrets();
    return this.elsewhere.visits.some((visit) => secrets.some((secret) => visit.includes(secret)));
  }

  async end(): Promise<void> {
    await rm(dirname(this.file.path), { recursive: true });
    await this.elsewhere.close();
    await this.frameio.close();
  }
}

/**
 * A server that is not one of Frame.io's. It accepts the parts of uploads, and responds with 401 to everything else.
 */
class Elsewhere {
  /** Each request as text, including headers. */
  readonly visits: string[] = [];
  readonly #server = createServer(async (request, response) => {
    this.visits.push([request.method, ...request.rawHeaders, await buffer(request)].join('\n'));
    response.writeHead(request.url?.startsWith('/part/') ? 200 : 401, { 'content-length': 0 }).end();
  });

  static async open(): Promise<Elsewhere> {
    const elsewhere = new Elsewhere();
    await once(elsewhere.#server.listen(0, '127.0.0.1'), 'listening');
    return elsewhere;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/**
 * Makes the local API, which has nothing to write to, accept writes. It checks the token as usual, and then confirms.
 */
function takingWrites({ origin }: Elsewhere): Fault {
  return async ({ request, process }): Promise<Answer> => {
    const answer = await process();
    if (answer.status !== 404) return answer;
    const data = request.path.endsWith('/local_upload')
      ? { media_type: 'video/mp4', upload_urls: PARTS.map((size, part) => ({ url: `${origin}/part/${part}`, size })) }
      : { id: '00000000-0000-4000-8000-0000000000b2', name: 'Dailies' };
    return { status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ data }) };
  };
}
