import type {
  CommitReply,
  LeaseReply,
  Reading,
  StoredRecord,
  TokenStorage,
  Transport,
} from '@frameio-auth/core/adapter';
import type { RaceEvent, StorageCall } from './history.js';

/** The header that identifies a request of the race to the server. */
export const REQUEST_HEADER = 'x-race-request';

export interface WitnessOptions {
  readonly process: string;
  /** The longest lease to request, in milliseconds. */
  readonly leaseTtl: number | null;
  readonly tell: (event: RaceEvent) => void;
}

/** The summary of a reply. */
type Finding = Pick<Extract<RaceEvent, { kind: 'storage.answered' }>, 'outcome' | 'version' | 'abandoned'>;

/**
 * Records the calls of a session to its storage and transport: before each call, so that a process killed at that
 * moment has already reported it, and after.
 */
export class Witness {
  readonly #options: WitnessOptions;
  #questions = 0;
  #requests = 0;

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  storage(storage: TokenStorage): TokenStorage {
    const { leaseTtl } = this.#options;
    return {
      read: (key) => this.#ask('read', key, () => storage.read(key), found('read')),
      lease: (key, request) => {
        const ttl = Math.min(request.ttl, leaseTtl ?? request.ttl);
        return this.#ask('lease', key, () => storage.lease(key, { ...request, ttl }), leased, ttl);
      },
      renew: (lease) =>
        this.#ask(
          'renew',
          lease.key,
          () => storage.renew(lease),
          (renewed) => ({ outcome: renewed ? 'renewed' : 'lost' }),
          lease.ttl,
        ),
      release: (lease) =>
        this.#ask(
          'release',
          lease.key,
          () => storage.release(lease),
          () => ({ outcome: 'released' }),
        ),
      commit: (key, request) => this.#ask('commit', key, () => storage.commit(key, request), committed),
      due: (request) => storage.due(request),
      watch: (key, listener) => storage.watch(key, listener),
      close: () => storage.close(),
    };
  }

  transport(transport: Transport): Transport {
    const { process, tell } = this.#options;
    return async (url, init) => {
      this.#requests += 1;
      const request = `${process}-${this.#requests}`;
      tell({ kind: 'request.sent', at: Date.now(), process, request });
      try {
        const response = await transport(url, { ...init, headers: { ...init.headers, [REQUEST_HEADER]: request } });
        // The head may come without the body, so only the complete response counts.
        const body = await response.arrayBuffer();
        tell({ kind: 'request.ended', at: Date.now(), process, request, status: response.status });
        const { status, statusText, headers } = response;
        return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
      } catch (error) {
        tell({ kind: 'request.ended', at: Date.now(), process, request });
        throw error;
      }
    };
  }

  async #ask<Reply>(
    call: StorageCall,
    key: string,
    ask: () => Promise<Reply>,
    findingOf: (reply: Reply) => Finding,
    ttl?: number,
  ): Promise<Reply> {
    const { process, tell } = this.#options;
    this.#questions += 1;
    const asked = Date.now();
    const about = { process, call, key, question: this.#questions };
    tell({ kind: 'storage.asked', at: asked, ...about, ...(ttl === undefined ? {} : { ttl }) });
    try {
      const reply = await ask();
      tell({ kind: 'storage.answered', at: Date.now(), asked, ...about, ...findingOf(reply) });
      return reply;
    } catch (error) {
      tell({ kind: 'storage.answered', at: Date.now(), asked, ...about, outcome: codeOf(error) });
      throw error;
    }
  }
}

/** Returns the code or the name of an error, never its message, which may contain anything. */
export function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name);
}

const versionIn = (record: StoredRecord | undefined) => (record === undefined ? {} : { version: record.version });

function found(outcome: string): (reply: Reading) => Finding {
  return ({ record }) => ({ outcome, ...versionIn(record) });
}

function leased(reply: LeaseReply): Finding {
  const { outcome, record } = reply;
  return { outcome, ...versionIn(record), ...(outcome === 'granted' && { abandoned: reply.abandoned }) };
}

function committed(reply: CommitReply): Finding {
  if (reply.outcome === 'committed') return { outcome: 'committed', version: reply.version };
  return { outcome: 'conflict', ...versionIn(reply.record) };
}
