import type { Endpoint, ReceivedRequest } from './http-message.js';
import { printable, printableHeaders } from './secret-ledger.js';

/** One request as a test may look at it: no secret in it, so it may be printed. */
export interface RecordedRequest {
  /** When it had arrived, on the server's clock. */
  readonly at: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly endpoint: Endpoint;
  readonly grantType?: string;
  /** Whom the request says it comes from. */
  readonly clientId?: string;
  /** Names in lower case; the credentials of `authorization` are a fingerprint. */
  readonly headers: Readonly<Record<string, string>>;
  /** Secrets are fingerprints: the same token has the same one in each request. */
  readonly query: Readonly<Record<string, string>>;
  /** The body's parameters; secrets as in `query`. */
  readonly form: Readonly<Record<string, string>>;
  /** The status sent; absent while the answer is under way, and when a fault sent none. */
  readonly status?: number;
  /**
   * What the server decided: `granted`, an error's code (`invalid_grant`), or `page` for a sign-in page; `fault` when
   * a fault answered and nothing was decided. Absent while it is undecided.
   */
  readonly outcome?: string;
  /** Whether a fault had its hands in the answer. */
  readonly faulted: boolean;
}

/** All that is named must fit; a member that is absent fits all. */
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

/** The requests in the order in which they arrived. */
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

  /** Writes down what was decided, before the answer is on its way. */
  decide(entry: Writable<RecordedRequest>, outcome: string): void {
    entry.outcome = outcome;
    this.#tellWaiters();
  }

  /** Writes down what is sent. */
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
