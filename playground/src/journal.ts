import type { AuthorizationServer, RecordedRequest } from '@frameio-auth/testing';
import type { Fleet, Instance } from './fleet.ts';

/** An event. */
export interface Entry {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  readonly who: string;
  readonly what: string;
}

/** How many entries are kept. */
const KEPT = 50;

/**
 * Lists the real events of the server and the instances: from the server's own record, and from the instances' reports.
 */
export class Journal {
  readonly #server: AuthorizationServer;
  readonly #fleet: Fleet;
  readonly #lastReported = new Map<Instance, string>();
  #seen = 0;
  #undecided: readonly RecordedRequest[] = [];
  #entries: readonly Entry[] = [];

  constructor(server: AuthorizationServer, fleet: Fleet) {
    this.#server = server;
    this.#fleet = fleet;
  }

  /** The newest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  note(who: string, what: string): void {
    this.#entries = [{ at: Date.now(), who, what }, ...this.#entries].slice(0, KEPT);
  }

  /** Adds new events. */
  update(): void {
    for (const instance of this.#fleet.instances) this.#follow(instance);
    const { requests } = this.#server;
    const news = requests.slice(this.#seen).filter(({ endpoint }) => endpoint === 'token' || endpoint === 'revoke');
    this.#seen = requests.length;
    const open = [...this.#undecided, ...news];
    for (const request of open) if (request.outcome !== undefined) this.note('server', wordsFor(request));
    this.#undecided = open.filter(({ outcome }) => outcome === undefined);
  }

  #follow(instance: Instance): void {
    const { name, condition, status } = instance;
    const now = condition === 'running' && status !== undefined ? wordsOf(status.step, status.token) : condition;
    if (this.#lastReported.get(instance) === now) return;
    this.#lastReported.set(instance, now);
    this.note(name, now);
  }
}

function wordsOf(step: string, token: string): string {
  return step.startsWith('valid') && token !== '' ? `${step}, token ${token}` : step;
}

function wordsFor({ endpoint, grantType, outcome, faulted, status }: RecordedRequest): string {
  const what = endpoint === 'revoke' ? 'revocation' : grantType === 'refresh_token' ? 'refresh' : 'sign-in';
  if (faulted && status === undefined)
    return `${what}: ${outcome === 'fault' ? 'not processed' : outcome}, no response`;
  return `${what}: ${outcome}`;
}
