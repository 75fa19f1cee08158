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

/** The lifetime of an access token, in seconds. */
export const LIFETIME = 60;

/**
 * How long the server accepts a spent refresh token again, in milliseconds of its own clock. Without this, no client
 * survives a lost response. After it, using one ends the sign-in.
 */
const GRACE = 5 * 60_000;

export interface EnvironmentOptions {
  readonly redis: boolean;
  /** The address to which the server sends the user back. */
  readonly redirectUri: string;
}

type Inspector = ReturnType<typeof localInspector>;

interface Props {
  readonly storage: SharedStorage;
  readonly server: AuthorizationServer;
  readonly proxy: TcpProxy;
  readonly viewer: Inspector;
}

/** Everything that the playground uses: the server, the route to it, the storage, the instances, and the clock. */
export class Environment {
  readonly clock: MovableClock;
  readonly server: AuthorizationServer;
  readonly storage: SharedStorage;
  readonly viewer: Inspector;
  readonly fleet = new Fleet(INSTANCES);
  readonly journal: Journal;
  /** The route from the instances to the server; the API has a different one. */
  readonly #proxy: TcpProxy;
  readonly #redirectUri: string;
  readonly #viewerAddress: string;
  /** The secrets that instances start with: one, or two. */
  clientSecret: readonly string[];
  isServerUp = true;

  private constructor(
    { storage, server, proxy, viewer }: Props,
    { clock, redirectUri, viewerAddress }: { clock: MovableClock; redirectUri: string; viewerAddress: string },
  ) {
    this.clock = clock;
    this.server = server;
    this.storage = storage;
    this.viewer = viewer;
    this.journal = new Journal(server, this.fleet);
    this.#proxy = proxy;
    this.#redirectUri = redirectUri;
    this.#viewerAddress = viewerAddress;
    this.clientSecret = [server.clients.webApp.clientSecret];
  }

  /** Creates everything, and starts the instances. */
  static async open({ redis, redirectUri }: EnvironmentOptions): Promise<Environment> {
    const clock = new MovableClock();
    const storage = await sharedStorage({ redis });
    const server = await startAuthorizationServer({
      accessTokenLifetime: LIFETIME,
      rotation: 'revoke-chain',
      gracePeriod: GRACE,
      clock,
    });
    const { hostname: host, port } = new URL(server.origin);
    const proxy = await startTcpProxy({ to: { host, port: Number(port) } });
    const viewer = localInspector({ instance: 'playground' });
    const viewerAddress = await viewer.postingUrl();
    const environment = new Environment({ storage, server, proxy, viewer }, { clock, redirectUri, viewerAddress });
    await Promise.all(environment.fleet.instances.map((instance) => environment.start(instance)));
    return environment;
  }

  /** Starts a process for an instance. */
  start(instance: Instance): Promise<void> {
    const settings: InstanceSettings = {
      name: instance.name,
      clientId: this.clientId,
      clientSecret: this.clientSecret,
      redirectUri: this.#redirectUri,
      storage: this.storage.place,
      authorizationServer: `http://${this.#proxy.host}:${this.#proxy.port}`,
      api: this.server.origin,
      viewer: this.#viewerAddress,
      ahead: this.clock.ahead,
    };
    return instance.start(settings);
  }

  get clientId(): string {
    return this.server.clients.webApp.clientId;
  }

  /** Makes the authorization server unreachable; the API stays available. */
  async takeServerDown(): Promise<void> {
    await this.#proxy.cut();
    this.isServerUp = false;
  }

  async bringServerBack(): Promise<void> {
    await this.#proxy.heal();
    this.isServerUp = true;
  }

  /** Moves all clocks ahead, to just after the expiry of the token. */
  passExpiry(): void {
    const ends = this.fleet.running.map(({ status }) => status?.expiresAt ?? 0);
    const ms = Math.max(0, Math.max(...ends) + 1_000 - this.clock.now());
    this.clock.advance(ms);
    for (const instance of this.fleet.instances) instance.advance(ms);
  }

  /** Makes every running instance call the API, without waiting for it. */
  useEverywhere(): void {
    // The instances report the results of the calls themselves.
    for (const instance of this.fleet.running) instance.ask({ name: 'call' }).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all(this.fleet.instances.map((instance) => instance.end()));
    await Promise.all([this.viewer.close(), this.#proxy.close(), this.server.close()]);
    await this.storage.end();
  }
}
