import type { TransportRequest } from '@frameio-auth/core/adapter';
import type { ActiveFaults } from './active-faults.ts';
import type { Event, History } from './history.ts';
import type { DeathOfToken, IssuedTokens, TokenLedger } from './token-ledger.ts';

export const SERVER = {
  issuer: 'https://sign-in.example',
  authorizationEndpoint: 'https://sign-in.example/authorize',
  tokenEndpoint: 'https://sign-in.example/token',
  revocationEndpoint: 'https://sign-in.example/revoke',
} as const;

/** A response in transit. It becomes a Response object where it arrives. */
export interface ServerAnswer {
  readonly status: number;
  readonly body?: object;
  readonly retryAfter?: number;
}

/** The sender of a request, and its number among all. */
export interface Asker {
  readonly who: string;
  readonly request: number;
}

type Granted = Extract<Event, { readonly kind: 'server did' }>;

/** Returns the refresh token or the code in a request. */
export function presentedIn(form: URLSearchParams): string | null {
  return form.get('refresh_token') ?? form.get('code');
}

/** The authorization server: a token endpoint and a revocation endpoint over the ledger. It takes no time. */
export class SimulatedServer {
  readonly #ledger: TokenLedger;
  readonly #faults: ActiveFaults;
  readonly #history: History;
  readonly #accessTokenLifetime: number;
  readonly #secrets: readonly string[];

  /**
   * @param accessTokenLifetime - in seconds, as in `expires_in`
   */
  constructor(
    ledger: TokenLedger,
    faults: ActiveFaults,
    history: History,
    settings: { readonly accessTokenLifetime: number; readonly clientSecrets: readonly string[] },
  ) {
    this.#ledger = ledger;
    this.#faults = faults;
    this.#history = history;
    this.#accessTokenLifetime = settings.accessTokenLifetime;
    this.#secrets = settings.clientSecrets;
  }

  answer(url: string, { body = '' }: TransportRequest, asker: Asker): ServerAnswer {
    const form = new URLSearchParams(body);
    return url === SERVER.revocationEndpoint ? this.#revoke(form, asker) : this.#grant(form, asker);
  }

  #grant(form: URLSearchParams, { who, request }: Asker): ServerAnswer {
    const presented = presentedIn(form);
    const grant = form.get('grant_type') as Granted['grant'];
    const asked = { kind: 'server did', who, request, grant, ...(presented !== null && { presented }) } as const;
    const obstacle = this.#obstacle(form);
    if (obstacle !== undefined) {
      this.#history.note({ ...asked, outcome: obstacle.reason });
      return obstacle.answer;
    }
    const outcome = this.#outcomeOf(grant, presented ?? '');
    this.#history.note({ ...asked, outcome });
    if (typeof outcome === 'string') {
      return { status: 400, body: { error: 'invalid_grant', error_description: `What was presented is ${outcome}.` } };
    }
    const { accessToken, refreshToken } = outcome;
    const tokens = { access_token: accessToken, ...(refreshToken !== undefined && { refresh_token: refreshToken }) };
    return { status: 200, body: { ...tokens, token_type: 'bearer', expires_in: this.#accessTokenLifetime } };
  }

  #outcomeOf(grant: Granted['grant'], presented: string): IssuedTokens | DeathOfToken {
    switch (grant) {
      case 'client_credentials':
        return this.#ledger.issueToClient();
      case 'authorization_code':
        return this.#ledger.exchange(presented);
      case 'refresh_token':
        return this.#ledger.refresh(presented);
    }
  }

  #revoke(form: URLSearchParams, { who, request }: Asker): ServerAnswer {
    const obstacle = this.#obstacle(form);
    if (obstacle !== undefined) return obstacle.answer;
    const token = form.get('token') ?? '';
    this.#ledger.revoke(token);
    this.#history.note({ kind: 'server revoked', who, request, token });
    return { status: 200 };
  }

  /** Returns the active fault that prevents the server from processing a request. */
  #obstacle(
    form: URLSearchParams,
  ): { readonly reason: 'invalid_client' | 429 | 503; readonly answer: ServerAnswer } | undefined {
    const { busy, secrets = this.#secrets } = this.#faults;
    if (busy !== undefined) {
      const { status, retryAfter } = busy;
      return { reason: status, answer: { status, ...(retryAfter !== undefined && { retryAfter }) } };
    }
    if (secrets.includes(form.get('client_secret') ?? '')) return undefined;
    return { reason: 'invalid_client', answer: { status: 401, body: { error: 'invalid_client' } } };
  }
}
