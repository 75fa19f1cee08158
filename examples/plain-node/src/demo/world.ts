import { adobeIms, type ServerProfile } from '@frameio-auth/core';
import type { Clock, TokenSource, Transport } from '@frameio-auth/core/adapter';
import {
  type AuthorizationServer,
  type ManualClock,
  manualClock,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import type { Stage } from './stage.ts';

/** What the scenes play in: one server, one clock that it shares with every session, and the stage. */
export class World {
  readonly stage: Stage;
  readonly clock: ManualClock;
  readonly server: AuthorizationServer;
  /** What every auth object here is made with. */
  readonly common: { readonly server: ServerProfile; readonly transport: Transport; readonly clock: Clock };
  #tokenRequestsBefore = 0;

  private constructor(stage: Stage, clock: ManualClock, server: AuthorizationServer) {
    this.stage = stage;
    this.clock = clock;
    this.server = server;
    this.common = { server: adobeIms({ origin: server.origin }), transport: fetchTransport(), clock };
  }

  static async begin(stage: Stage): Promise<World> {
    const clock = manualClock();
    return new World(stage, clock, await startAuthorizationServer({ profile: 'adobe-ims', clock }));
  }

  /** Begins a scene. The server's record begins anew with it, so that `server.count()` counts the scene's requests. */
  scene(headline: string, about: string): void {
    this.#tokenRequestsBefore = this.tokenRequests;
    this.server.clearRequests();
    this.stage.scene(headline, about);
  }

  /** The token requests of all scenes. */
  get tokenRequests(): number {
    return this.#tokenRequestsBefore + this.server.count({ endpoint: 'token' });
  }

  /** Asks the API who one is, with the token of an auth object or session. */
  async me(auth: TokenSource): Promise<{ readonly status: number; readonly name: string }> {
    const fetch = authenticatedFetch(auth, { allowedOrigins: [this.server.origin] });
    const answer = await fetch(`${this.server.apiBaseUrl}/me`);
    const { data } = (await answer.json()) as { readonly data?: { readonly name: string } };
    return { status: answer.status, name: data?.name ?? 'nobody' };
  }

  end(): Promise<void> {
    return this.server.close();
  }
}
