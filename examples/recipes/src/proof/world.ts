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

/** The parts in which the file is wanted, in bytes. */
const PARTS = [60_000, 40_000];

/** What the recipes are tried in: Adobe and Frame.io on this machine, over TLS, and a server that is neither. */
export class World {
  readonly frameio: AuthorizationServer;
  readonly elsewhere: Elsewhere;
  /** A file to send. */
  readonly file: { readonly path: string; readonly content: string };

  private constructor(frameio: AuthorizationServer, elsewhere: Elsewhere, file: World['file']) {
    this.frameio = frameio;
    this.elsewhere = elsewhere;
    this.file = file;
  }

  static async begin(): Promise<World> {
    const frameio = await startAuthorizationServer({ https: true });
    // As NODE_EXTRA_CA_CERTS would do, so that the recipes need not know that this server signed for itself.
    setDefaultCACertificates([...getCACertificates(), frameio.certificate ?? '']);
    const elsewhere = await Elsewhere.open();
    frameio.faults.always('api', takingWrites(elsewhere), { when: ({ method }) => method !== 'GET' });
    const path = join(await mkdtemp(join(tmpdir(), 'frameio-recipes-')), 'dailies.mp4');
    const content = PARTS.map((size, part) => String(part).repeat(size)).join('');
    await writeFile(path, content);
    return new World(frameio, elsewhere, { path, content });
  }

  /** A service that has its token. The records begin anew with it. */
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

  /** The statuses with which the API answered; `undefined` where the answer was lost. */
  get apiStatuses(): (number | undefined)[] {
    return this.#apiRequests.map(({ status }) => status);
  }

  /** The headers of what the API was asked. */
  get apiHeaders(): Readonly<Record<string, string>>[] {
    return this.#apiRequests.map(({ headers }) => headers);
  }

  get #apiRequests(): readonly RecordedRequest[] {
    return this.frameio.requests.filter(({ endpoint }) => endpoint === 'api');
  }

  get tokenRequests(): number {
    return this.frameio.count({ endpoint: 'token' });
  }

  /** Whether a token or secret of ours got into what was sent elsewhere. */
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

/** A server that is none of Frame.io's. It takes the parts of uploads, and answers 401 to all else. */
class Elsewhere {
  /** Each request as text, headers and all. */
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

/** The local API has nothing to write to. Whoever may come in, which it decides as ever, is told that it is done. */
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
