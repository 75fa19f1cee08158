import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import {
  adobeIms,
  type CommonOptions,
  FrameioAuthError,
  ServerToServerAuth,
  type UserSession,
  WebAppAuth,
} from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import {
  type AuthorizationServer,
  type ManualClock,
  manualClock,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { onTestFinished, vi } from 'vitest';
import { Collector } from './collector.js';

type Watched = ServerToServerAuth | WebAppAuth | UserSession;

const CONSOLE = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table'] as const;

/**
 * Two applications with secrets that look different in a form, in percent-encoding and in JSON: all forms must be
 * found.
 */
export const applications = {
  service: {
    clientId: 'nightly-ingest.fictional',
    clientSecret: 'fictional secret: "4hx9"+100%/7bq4x2vk9mzt',
    scopes: ['openid', 'AdobeID', 'frame.s2s.all'],
  },
  webApp: {
    clientId: 'review-portal.fictional',
    clientSecret: 'fictional secret: "w81c"+100%/k0d5u3jr6npy',
    redirectUri: 'https://review-portal.example/callback',
    scopes: ['openid', 'email', 'profile', 'offline_access', 'additional_info.roles'],
  },
} as const;

/** A server, a storage and a clock, and a collector that is shown all that an application could see of a session. */
export class Scene {
  readonly collector = new Collector();
  readonly clock: ManualClock;
  readonly server: AuthorizationServer;
  /** Which the storage is asked for; each once. */
  readonly keys = new Set<string>();
  readonly storage: TokenStorage;
  readonly #injected = new Set<string>();
  readonly #watched = new Set<Watched>();
  #printed = 0;

  private constructor(server: AuthorizationServer, clock: ManualClock) {
    this.server = server;
    this.clock = clock;
    this.storage = this.#showKeys(memoryStorage({ clock }));
  }

  /** A scene that lasts as long as the test that it is made for. */
  static async begin(): Promise<Scene> {
    const clock = manualClock();
    const { service, webApp } = applications;
    const clients = [service, { ...webApp, redirectUris: [webApp.redirectUri] }];
    const scene = new Scene(await startAuthorizationServer({ clock, clients }), clock);
    scene.#watchTheProcess();
    onTestFinished(async () => {
      await scene.server.close();
    });
    return scene;
  }

  /** What every flow is given. Only `onTokenRefreshed` is missing, because handing out tokens is what it is for. */
  get options() {
    const transport = fetchTransport();
    return {
      server: adobeIms({ origin: this.server.origin }),
      // Addresses appear in the logs of servers and proxies.
      transport: ((url, init) => {
        this.collector.show('an address that was asked', url);
        return transport(url, init);
      }) as Transport,
      storage: this.storage,
      clock: this.clock,
      onStateChange: (change) => this.collector.show('onStateChange', change),
      inspect: (event) => this.collector.show(`inspect ${event.type}`, event),
    } satisfies CommonOptions;
  }

  service(options: Partial<CommonOptions> = {}): ServerToServerAuth {
    return this.watch(new ServerToServerAuth({ ...applications.service, ...this.options, ...options }));
  }

  webApp(options: Partial<CommonOptions> = {}): WebAppAuth {
    return this.watch(new WebAppAuth({ ...applications.webApp, ...this.options, ...options }));
  }

  async signedIn(options: Partial<CommonOptions> = {}): Promise<WebAppAuth> {
    const auth = this.webApp(options);
    await auth.handleCallback(await this.callback(auth));
    return auth;
  }

  /** Begins a sign-in and resolves to its callback. */
  async callback(auth: WebAppAuth | UserSession): Promise<string> {
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    this.collector.show('an authorization URL', url);
    this.inject(codeVerifier);
    const callback = await this.server.signIn(url);
    this.inject(new URL(callback).searchParams.get('code') as string);
    return callback;
  }

  watch<Auth extends Watched>(auth: Auth): Auth {
    this.#watched.add(auth);
    this.collector.show('an auth object', auth);
    auth.subscribe((snapshot) => this.collector.show('subscribe', snapshot));
    return auth;
  }

  /** Names a secret that the server may never get to know. */
  inject(secret: string): string {
    this.#injected.add(secret);
    return secret;
  }

  get secrets(): readonly string[] {
    return [...new Set([...this.server.secrets(), ...this.#injected])];
  }

  /**
   * Does what should fail, moves the clock on whenever a session waits for it, and shows the error.
   *
   * @returns the error's `code`, its name when it is none of ours, or `resolved`
   */
  async attempt(act: () => unknown): Promise<string> {
    const ended = (async () => act())().then(
      () => 'resolved',
      (error: unknown) => {
        this.collector.show('an error', error);
        if (error instanceof FrameioAuthError) return error.code;
        return error instanceof Error ? error.name : typeof error;
      },
    );
    const waiting = Symbol();
    for (;;) {
      const end = await Promise.race([ended, turnOfTheEventLoop(waiting)]);
      if (typeof end === 'string') return end;
      for (const { snapshot } of this.#watched) {
        if (snapshot.step.endsWith('backingOff') && snapshot.retryAt !== null && snapshot.retryAt > this.clock.now()) {
          await this.clock.advanceTo(snapshot.retryAt);
        }
      }
    }
  }

  /** Shows every session once more, closes them, and says where any of the secrets could be seen. */
  async leaks(): Promise<string[]> {
    for (const auth of this.#watched) {
      this.collector.show('a snapshot', auth.snapshot);
      this.collector.show('an auth object, after use', auth);
      await auth.close();
      this.collector.show('an auth object, closed', auth);
    }
    await turnOfTheEventLoop();
    return this.collector.leaksOf(this.secrets);
  }

  /** How often something was written to the console or the standard streams. */
  get printed(): number {
    return this.#printed;
  }

  #watchTheProcess(): void {
    const print =
      (where: string) =>
      (...what: unknown[]) => {
        this.#printed += 1;
        this.collector.show(where, what);
        return true;
      };
    const spies = [
      ...CONSOLE.map((method) => vi.spyOn(console, method).mockImplementation(print(`console.${method}`))),
      ...(['stdout', 'stderr'] as const).map((stream) =>
        vi.spyOn(process[stream], 'write').mockImplementation(print(stream)),
      ),
    ];
    const warned = (warning: Error) => this.collector.show('a warning of the process', warning);
    const unhandled = (reason: unknown) => this.collector.show('an unhandled rejection', reason);
    process.on('warning', warned).on('unhandledRejection', unhandled);
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore();
      process.off('warning', warned).off('unhandledRejection', unhandled);
    });
  }

  #showKeys(storage: TokenStorage): TokenStorage {
    const show = (key: string, request?: object) => {
      this.keys.add(key);
      this.collector.show('a key of the storage', key);
      this.collector.show('a request of the storage', request);
    };
    return {
      ...storage,
      read: (key) => {
        show(key);
        return storage.read(key);
      },
      lease: (key, request) => {
        show(key, request);
        return storage.lease(key, request);
      },
      commit: (key, request) => {
        // The value is what a storage is for.
        show(key, { ...request, value: null });
        return storage.commit(key, request);
      },
    };
  }
}
