import type { UserSession } from '@frameio-auth/core';
import { type Fetch, refuse, type SignInOptions } from './options.js';

/** Creates the HTTP client of each session when it is first needed, and keeps it as long as the session. */
export class Clients {
  readonly #make: SignInOptions<never>['fetch'];
  readonly #clients = new WeakMap<UserSession, Fetch>();

  constructor(make: SignInOptions<never>['fetch']) {
    this.#make = make;
  }

  /**
   * @throws ConfigurationError if the option `fetch` is missing
   */
  get(session: UserSession): Fetch {
    const known = this.#clients.get(session);
    if (known !== undefined) return known;
    if (this.#make === undefined) {
      refuse('fetch is missing, and a request was to be sent. Set it to (session) => authenticatedFetch(session).');
    }
    const client = this.#make(session);
    this.#clients.set(session, client);
    return client;
  }
}
