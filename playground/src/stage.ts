import { localInspector } from '@frameio-auth/inspector';
import {
  type AuthorizationServer,
  startAuthorizationServer,
  startTcpProxy,
  type TcpProxy,
} from '@frameio-auth/testing';
import { Fleet, type Instance } from './fleet.ts';
import { Journal } from './journal.ts';
import type { InstanceSettings } from './messages.ts';
import { MovableClock } from './movable-clock.ts';
import { type SharedStorage, sharedStorage } from './shared-storage.ts';

const INSTANCES = 3;

/** The life of an access token, in seconds. */
export const LIFETIME = 60;

/**
 * For how long the server takes a spent refresh token again, in milliseconds of its own clock; without that, no client
 * survives a lost answer. Later, using one ends the sign-in.
 */
const GRACE = 5 * 60_000;

export interface StageOptions {
  readonly redis: boolean;
  /** Where the server sends the user back to. */
  readonly redirectUri: string;
}

type Inspector = ReturnType<typeof localInspector>;

interface Props {
  readonly storage: SharedStorage;
  readonly server: AuthorizationServer;
  readonly way: TcpProxy;
  readonly viewer: Inspector;
}

/** All that is played with: the server, the way to it, the storage, the instances, and the time. */
export class Stage {
  readonly clock: MovableClock;
  readonly server: AuthorizationServer;
  readonly storage: SharedStorage;
  readonly viewer: Inspector;
  readonly fleet = new Fleet(INSTANCES);
  readonly journal: Journal;
  /** The way from the instances to the server; the API is reached by another one. */
  readonly #way: TcpProxy;
  readonly #redirectUri: string;
  readonly #viewerAddress: string;
  /** What instances are started with: one secret, or two. */
  clientSecret: readonly string[];
  isServerUp = true;

  private constructor(
    { storage, server, way, viewer }: Props,
    { clock, redirectUri, viewerAddress }: { clock: MovableClock; redirectUri: string; viewerAddress: string },
  ) {
    this.clock = clock;
    this.server = server;
    this.storage = storage;
    this.viewer = viewer;
    this.journal = new Journal(server, this.fleet);
    this.#way = way;
    this.#redirectUri = redirectUri;
    this.#viewerAddress = viewerAddress;
    this.clientSecret = [server.clients.webApp.clientSecret];
  }

  /** Opens it, with instances that run. */
  static async open({ redis, redirectUri }: StageOptions): Promise<Stage> {
    const clock = new MovableClock();
    const storage = await sharedStorage({ redis });
    const server = await startAuthorizationServer({
      accessTokenLifetime: LIFETIME,
      rotation: 'revoke-chain',
      gracePeriod: GRACE,
      clock,
    });
    const { hostname: host, port } = new URL(server.origin);
    const way = await startTcpProxy({ to: { host, port: Number(port) } });
    const viewer = localInspector({ instance: 'playground' });
    const viewerAddress = await viewer.postingUrl();
    const stage = new Stage({ storage, server, way, viewer }, { clock, redirectUri, viewerAddress });
    await Promise.all(stage.fleet.instances.map((instance) => stage.start(instance)));
    return stage;
  }

  /** Starts a process for an instance. */
  start(instance: Instance): Promise<void> {
    const settings: InstanceSettings = {
      name: instance.name,
      clientId: this.clientId,
      clientSecret: this.clientSecret,
      redirectUri: this.#redirectUri,
      storage: this.storage.place,
      authorizationServer: `http://${this.#way.host}:${this.#way.port}`,
      api: this.server.origin,
      viewer: this.#viewerAddress,
      ahead: this.clock.ahead,
    };
    return instance.start(settings);
  }

  get clientId(): string {
    return this.server.clients.webApp.clientId;
  }

  /** From now on nobody reaches the authorization server; the API goes on. */
  async takeServerDown(): Promise<void> {
    await this.#way.cut();
    this.isServerUp = false;
  }

  async bringServerBack(): Promise<void> {
    await this.#way.heal();
    this.isServerUp = true;
  }

  /** Moves everybody's time on, to just after the end of the token. */
  passExpiry(): void {
    const ends = this.fleet.running.map(({ standing }) => standing?.expiresAt ?? 0);
    const ms = Math.max(0, Math.max(...ends) + 1_000 - this.clock.now());
    this.clock.moveOn(ms);
    for (const instance of this.fleet.instances) instance.moveOn(ms);
  }

  /** Has every running instance call the API, now and without waiting for it. */
  useEverywhere(): void {
    // What becomes of the calls is in the instances' own reports.
    for (const instance of this.fleet.running) instance.ask({ name: 'call' }).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all(this.fleet.instances.map((instance) => instance.end()));
    await Promise.all([this.viewer.close(), this.#way.close(), this.server.close()]);
    await this.storage.end();
  }
}
