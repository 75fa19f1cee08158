import type { Endpoint, ReceivedRequest } from './http-message.js';
import { printable, printableHeaders } from './secret-ledger.js';

/** One request as tests see it. It contains no secret, so it may be printed. */
export interface RecordedRequest {
  /** When it arrived, on the server's clock. */
  readonly at: number;
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly grantType?: string;
  /** The client that the request names. */
  readonly clientId?: string;
  /** Names in lower case; the credentials of `authorization` are a fingerprint. */
  readonly headers: Readonly<Record<string, string>>;
  /** Secrets are fingerprints: the same token has the same fingerprint in each request. */
  readonly query: Readonly<Record<string, string>>;
  /** The body's parameters; secrets as in `query`. */
  readonly form: Readonly<Record<string, string>>;
  /** The status sent; absent while the response is pending, and if a fault sent none. */
  readonly status?: number;
  /**
   * The server's decision: `granted`, an error's code (`invalid_grant`), or `page` for a sign-in page; `fault` if a
   * fault responded and nothing was decided. Absent while it is undecided.
   */
  readonly outcome?: string;
  /** Whether a fault affected the response. */
  readonly faulted: boolean;
}

/** All given members must match; an absent member matches everything. */
export type RequestFilter = Partial<
  Pick<RecordedRequest, 'endpoint' | 'method' | 'path' | 'grantType' | 'clientId' | 'status' | 'outcome' | 'faulted'>
>;

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

interface Circumstances {
  readonly at: number;
  readonly clientId: string | undefined;
  readonly faulted: boolean;
}

interface Waiter {
  readonly filter: RequestFilter;
  readonly count: number;
  readonly resolve: () => void;
}

/** Records the requests in order of arrival. */
export class RequestRecord {
  #entries: Writable<RecordedRequest>[] = [];
  #waiters: Waiter[] = [];

  begin(request: ReceivedRequest, { at, clientId, faulted }: Circumstances): Writable<RecordedRequest> {
    const grantType = request.form.get('grant_type');
    const entry: Writable<RecordedRequest> = {
      at,
      method: request.method,
      path: request.path,
      endpoint: request.endpoint,
      ...(grantType === null ? {} : { grantType }),
      ...(clientId === undefined ? {} : { clientId }),
      headers: printableHeaders(request.headers),
      query: printable(request.query),
      form: printable(request.form),
      faulted,
    };
    this.#entries.push(entry);
    this.#tellWaiters();
    return entry;
  }

  /** Records the decision, before the response is sent. */
  decide(entry: Writable<RecordedRequest>, outcome: string): void {
    entry.outcome = outcome;
    this.#tellWaiters();
  }

  /** Records the status that is sent. */
  finish(entry: Writable<RecordedRequest>, status: number | undefined): void {
    if (status !== undefined) entry.status = status;
    entry.outcome ??= 'fault';
    this.#tellWaiters();
  }

  all(): RecordedRequest[] {
    return [...this.#entries];
  }

  count(filter: RequestFilter = {}): number {
    const wanted = Object.entries(filter) as [keyof RequestFilter, unknown][];
    return this.#entries.filter((entry) => wanted.every(([name, value]) => entry[name] === value)).length;
  }

  waitFor(filter: RequestFilter, count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ filter, count, resolve });
      this.#tellWaiters();
    });
  }

  clear(): void {
    this.#entries = [];
  }

  #tellWaiters(): void {
    this.#waiters = this.#waiters.filter(({ filter, count, resolve }) => {
      if (this.count(filter) < count) return true;
      resolve();
      return false;
    });
  }
}
