import { randomBytes } from 'node:crypto';

export type GrantType = 'authorization_code' | 'refresh_token' | 'client_credentials';

/** The registration of an application at the server. */
export interface ClientRegistration {
  readonly clientId: string;
  /** One valid secret, or two during a rotation. Absent: a public client. */
  readonly clientSecret?: string | readonly string[];
  /** The name on the sign-in page. Default: the `clientId`. */
  readonly name?: string;
  /** Exact redirect URIs; the first is the default. */
  readonly redirectUris?: readonly string[];
  /** Further redirect URIs, by pattern. */
  readonly redirectUriPattern?: RegExp;
  /**
   * Default: `client_credentials` for a client with a secret and without redirect URIs, else `authorization_code` and
   * `refresh_token`.
   */
  readonly grantTypes?: readonly GrantType[];
  /** The scopes that it may request. */
  readonly scopes: readonly string[];
}

/** A registered application with its currently valid secrets. */
export interface Client {
  readonly clientId: string;
  readonly name: string;
  readonly isPublic: boolean;
  /** Oldest first. */
  readonly secrets: readonly string[];
  readonly redirectUris: readonly string[];
  readonly redirectUriPattern?: RegExp;
  readonly grantTypes: readonly GrantType[];
  readonly scopes: readonly string[];
}

/** Adobe allows this many at once. */
const MOST_SECRETS = 2;

export class ClientRegistry {
  readonly #clients = new Map<string, Client>();

  constructor(registrations: Iterable<ClientRegistration>) {
    for (const registration of registrations) this.#clients.set(registration.clientId, clientOf(registration));
  }

  find(clientId: string): Client | undefined {
    return this.#clients.get(clientId);
  }

  /** Returns every valid secret of every client. */
  secrets(): string[] {
    return [...this.#clients.values()].flatMap((client) => client.secrets);
  }

  /**
   * Adds a secret and returns it; the old one stays valid.
   *
   * @throws Error for an unknown or public client, and for one that already has two valid secrets
   */
  rotateSecret(clientId: string): string {
    const client = this.#confidential(clientId);
    if (client.secrets.length >= MOST_SECRETS) {
      throw new Error(`Client ${clientId} has ${MOST_SECRETS} live secrets already: drop one first`);
    }
    const secret = `client-secret.fictional.${randomBytes(18).toString('base64url')}`;
    this.#clients.set(clientId, { ...client, secrets: [...client.secrets, secret] });
    return secret;
  }

  /**
   * Drops a secret; the oldest if none is given.
   *
   * @throws Error for an unknown or public client, and for a secret that the client does not have
   */
  dropSecret(clientId: string, secret?: string): void {
    const client = this.#confidential(clientId);
    const dropped = secret ?? client.secrets[0];
    const secrets = client.secrets.filter((each) => each !== dropped);
    if (secrets.length === client.secrets.length) throw new Error(`Client ${clientId} has no such live secret`);
    this.#clients.set(clientId, { ...client, secrets });
  }

  #confidential(clientId: string): Client {
    const client = this.#clients.get(clientId);
    if (client === undefined || client.isPublic) throw new Error(`No confidential client ${clientId} is registered`);
    return client;
  }
}

function clientOf(registration: ClientRegistration): Client {
  const { clientId, clientSecret = [], name = clientId, redirectUris = [], redirectUriPattern, scopes } = registration;
  const secrets = typeof clientSecret === 'string' ? [clientSecret] : [...clientSecret];
  if (secrets.length > MOST_SECRETS)
    throw new Error(`Client ${clientId} cannot have more than ${MOST_SECRETS} secrets`);
  const isPublic = secrets.length === 0;
  const signsUsersIn = isPublic || redirectUris.length > 0 || redirectUriPattern !== undefined;
  const usual: GrantType[] = signsUsersIn ? ['authorization_code', 'refresh_token'] : ['client_credentials'];
  const client = {
    clientId,
    name,
    isPublic,
    secrets,
    redirectUris,
    grantTypes: registration.grantTypes ?? usual,
    scopes,
  };
  return redirectUriPattern === undefined ? client : { ...client, redirectUriPattern };
}
