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

export interface RecorderOptions {
  readonly process: string;
  /** The longest lease to request, in milliseconds. */
  readonly leaseTtl: number | null;
  readonly note: (event: RaceEvent) => void;
}

/** The summary of a reply. */
type Summary = Pick<Extract<RaceEvent, { kind: 'storage.answered' }>, 'outcome' | 'version' | 'abandoned'>;

/**
 * Records the calls of a session to its storage and transport: before each call, so that a process killed at that
 * moment has already reported it, and after.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  #calls = 0;
  #requests = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  storage(storage: TokenStorage): TokenStorage {
    const { leaseTtl } = this.#options;
    return {
      read: (key) => this.#call('read', key, () => storage.read(key), found('read')),
      lease: (key, request) => {
        const ttl = Math.min(request.ttl, leaseTtl ?? request.ttl);
        return this.#call('lease', key, () => storage.lease(key, { ...request, ttl }), leased, ttl);
      },
      renew: (lease) =>
        this.#call(
          'renew',
          lease.key,
          () => storage.renew(lease),
          (renewed) => ({ outcome: renewed ? 'renewed' : 'lost' }),
          lease.ttl,
        ),
      release: (lease) =>
        this.#call(
          'release',
          lease.key,
          () => storage.release(lease),
          () => ({ outcome: 'released' }),
        ),
      commit: (key, request) => this.#call('commit', key, () => storage.commit(key, request), committed),
      due: (request) => storage.due(request),
      watch: (key, listener) => storage.watch(key, listener),
      close: () => storage.close(),
    };
  }

  transport(transport: Transport): Transport {
    const { process, note } = this.#options;
    return async (url, init) => {
      this.#requests += 1;
      const request = `${process}-${this.#requests}`;
      note({ kind: 'request.sent', at: Date.now(), process, request });
      try {
        const response = await transport(url, { ...init, headers: { ...init.headers, [REQUEST_HEADER]: request } });
        // The head may come without the body, so only the complete response counts.
        const body = await response.arrayBuffer();
        note({ kind: 'request.ended', at: Date.now(), process, request, status: response.status });
        const { status, statusText, headers } = response;
        return new Response(body.byteLength === 0 ? null : body, { status, statusText, headers });
      } catch (error) {
        note({ kind: 'request.ended', at: Date.now(), process, request });
        throw error;
      }
    };
  }

  async #call<Reply>(
    call: StorageCall,
    key: string,
    ask: () => Promise<Reply>,
    summaryOf: (reply: Reply) => Summary,
    ttl?: number,
  ): Promise<Reply> {
    const { process, note } = this.#options;
    this.#calls += 1;
    const asked = Date.now();
    const about = { process, call, key, question: this.#calls };
    note({ kind: 'storage.asked', at: asked, ...about, ...(ttl === undefined ? {} : { ttl }) });
    try {
      const reply = await ask();
      note({ kind: 'storage.answered', at: Date.now(), asked, ...about, ...summaryOf(reply) });
      return reply;
    } catch (error) {
      note({ kind: 'storage.answered', at: Date.now(), asked, ...about, outcome: codeOf(error) });
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

function found(outcome: string): (reply: Reading) => Summary {
  return ({ record }) => ({ outcome, ...versionIn(record) });
}

function leased(reply: LeaseReply): Summary {
  const { outcome, record } = reply;
  return { outcome, ...versionIn(record), ...(outcome === 'granted' && { abandoned: reply.abandoned }) };
}

function committed(reply: CommitReply): Summary {
  if (reply.outcome === 'committed') return { outcome: 'committed', version: reply.version };
  return { outcome: 'conflict', ...versionIn(reply.record) };
}
