import type { WebAppAuth } from '@frameio-auth/core';
import { Addresses } from './addresses.js';
import { Clients } from './clients.js';
import { Cookies } from './cookies.js';
import { Failures } from './failures.js';
import { checkOptions, type SignInLogger, type SignInOptions } from './options.js';
import { PendingCookie } from './pending-cookie.js';
import { Sessions } from './sessions.js';
import { ApplicationUsers, type Identities } from './users.js';

/** Everything that the routes of one sign-in share. */
export interface Parts<Native> {
  readonly auth: WebAppAuth;
  readonly addresses: Addresses;
  readonly identities: Identities<Native>;
  readonly pending: PendingCookie;
  readonly sessions: Sessions;
  readonly failures: Failures<Native>;
  readonly clients: Clients;
}

/**
 * Checks the options and builds the parts.
 *
 * @throws ConfigurationError for the first invalid option
 */
export function partsOf<Native>(options: SignInOptions<Native>): Parts<Native> {
  checkOptions(options);
  const { auth, login, users, name, onFailure, fetch, logger = consoleLogger() } = options;
  const addresses = new Addresses(options);
  const cookies = new Cookies(addresses.origin, name);
  const pending = new PendingCookie(cookies);
  const identities =
    login?.open({ cookies, redirectUri: auth.redirectUri, logger }) ??
    new ApplicationUsers(users as NonNullable<typeof users>);
  return {
    auth,
    addresses,
    identities,
    pending,
    sessions: new Sessions(auth, logger),
    failures: new Failures(addresses, pending, logger, onFailure),
    clients: new Clients(fetch),
  };
}

/** Omits debug messages, because anyone can cause them. */
function consoleLogger(): SignInLogger {
  const { warn, error } = console;
  return { debug() {}, warn, error };
}
