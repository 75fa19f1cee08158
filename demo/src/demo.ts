import { adobeIms, type ServerProfile } from '@frameio-auth/core';
import type { Clock, TokenSource, Transport } from '@frameio-auth/core/adapter';
import {
  type AuthorizationServer,
  type ManualClock,
  manualClock,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import type { Output } from './output.ts';

/** What the scenes share: one server, one clock for the server and all sessions, and the output. */
export class Demo {
  readonly output: Output;
  readonly clock: ManualClock;
  readonly server: AuthorizationServer;
  /** The common options of every auth object here. */
  readonly common: { readonly server: ServerProfile; readonly transport: Transport; readonly clock: Clock };
  #tokenRequestsBefore = 0;

  private constructor(output: Output, clock: ManualClock, server: AuthorizationServer) {
    this.output = output;
    this.clock = clock;
    this.server = server;
    this.common = { server: adobeIms({ origin: server.origin }), transport: fetchTransport(), clock };
  }

  static async begin(output: Output): Promise<Demo> {
    const clock = manualClock();
    return new Demo(output, clock, await startAuthorizationServer({ profile: 'adobe-ims', clock }));
  }

  /** Begins a scene. Clears the server's record, so that `server.count()` counts the scene's requests. */
  scene(headline: string, about: string): void {
    this.#tokenRequestsBefore = this.tokenRequests;
    this.server.clearRequests();
    this.output.scene(headline, about);
  }

  /** Returns the number of token requests of all scenes. */
  get tokenRequests(): number {
    return this.#tokenRequestsBefore + this.server.count({ endpoint: 'token' });
  }

  /** Requests the current user from the API, with the token of an auth object or session. */
  async me(auth: TokenSource): Promise<{ readonly status: number; readonly name: string }> {
    const fetch = authenticatedFetch(auth, { allowedOrigins: [this.server.origin] });
    const response = await fetch(`${this.server.apiBaseUrl}/me`);
    const { data } = (await response.json()) as { readonly data?: { readonly name: string } };
    return { status: response.status, name: data?.name ?? 'no user' };
  }

  end(): Promise<void> {
    return this.server.close();
  }
}
