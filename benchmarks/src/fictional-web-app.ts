import { WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';

/** Makes tokens as long as Adobe's. */
const PADDING = 'x'.repeat(1_380);

export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: 'bearer';
  readonly expires_in: number;
}

/** An in-memory token server that rotates refresh tokens, with a delay. */
export class FictionalTokenServer {
  /** When the last response was complete, on the clock of `performance`. */
  answeredAt = Number.NaN;
  requests = 0;
  readonly #delay: number;
  #onRequest: () => void = () => {};

  /**
   * @param delay - in milliseconds; 0: responds immediately
   */
  constructor(delay: number) {
    this.#delay = delay;
  }

  /** Returns the access token that was issued last. */
  get issued(): string {
    return `access.fictional.${this.requests}.${PADDING}`;
  }

  /** Resolves at the next request. */
  nextRequest(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRequest = resolve;
    });
  }

  async answer(): Promise<TokenAnswer> {
    this.requests += 1;
    this.#onRequest();
    const answer: TokenAnswer = {
      access_token: this.issued,
      refresh_token: `refresh.fictional.${this.requests}.${PADDING}`,
      token_type: 'bearer',
      expires_in: 86_399,
    };
    if (this.#delay > 0) await new Promise((resolve) => setTimeout(resolve, this.#delay));
    this.answeredAt = performance.now();
    return answer;
  }

  readonly transport: Transport = async () => Response.json(await this.answer());
}

/** Returns tokens of a user who signed in before. */
export function fictionalTokens({ expiresAt }: { readonly expiresAt: number }) {
  return {
    accessToken: `access.fictional.0.${PADDING}`,
    refreshToken: `refresh.fictional.0.${PADDING}`,
    expiresAt: Math.floor(expiresAt / 1_000),
  };
}

/** Creates one instance of a web application with several instances over the same storage. */
export function fictionalWebApp(server: FictionalTokenServer, storage: TokenStorage): WebAppAuth {
  return new WebAppAuth({
    clientId: 'benchmark.fictional',
    clientSecret: 'client-secret.fictional.benchmark',
    redirectUri: 'https://app.example/callback',
    transport: server.transport,
    storage,
  });
}
