import { customServer, ServerToServerAuth, type StateChange, WebAppAuth } from '@frameio-auth/core';
import type { Clock, Entropy, TokenStorage, Transport } from '@frameio-auth/core/adapter';
import type { Chance } from './chance.ts';
import type { History } from './history.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Parameters } from './plan.ts';
import { SERVER } from './simulated-server.ts';
import { placeName } from './trace.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface InstanceDependencies {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly history: History;
  readonly parameters: Parameters;
  clockOf(instance: Instance): Clock;
  transportOf(instance: Instance): Transport;
  storageOf(instance: Instance): TokenStorage;
}

/** The application's redirect URI. */
const REDIRECT_URI = 'https://application.example/callback';

interface Delivery {
  readonly kind: 'timer' | 'message';
  readonly run: () => void;
}

/** One process of the application: its auth object, its clock, and whether it can receive anything. */
export class Instance {
  /** For example `a1`; its successor is `a2`. */
  readonly name: string;
  readonly place: number;
  /** The machine that it runs on, which remains when the instance dies. */
  readonly machine: MachineClock;
  readonly clock: Clock;
  readonly auth: WebAppAuth | ServerToServerAuth;
  readonly #time: VirtualTime;
  #alive = true;
  #paused = false;
  #backlog: Delivery[] = [];
  /** How long it was suspended in total, in milliseconds. */
  pausedFor = 0;

  constructor(place: number, generation: number, machine: MachineClock, dependencies: InstanceDependencies) {
    this.place = place;
    this.name = `${placeName(place)}${generation}`;
    this.machine = machine;
    this.#time = dependencies.time;
    this.clock = dependencies.clockOf(this);
    this.auth = this.#authOf(dependencies);
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  deliver(kind: Delivery['kind'], run: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) this.#backlog.push({ kind, run });
    else run();
  }

  die(): void {
    this.#alive = false;
    this.#backlog = [];
    this.machine.wakeUp();
  }

  /**
   * @param asleep - whether the whole machine sleeps, including its monotonic clock
   */
  pause(asleep: boolean): void {
    this.#paused = true;
    if (asleep) this.machine.fallAsleep();
  }

  /** Delivers everything that fell due or arrived meanwhile, at once. */
  resume(pausedFor: number, timersFirst: boolean): void {
    this.#paused = false;
    this.pausedFor += pausedFor;
    this.machine.wakeUp();
    const backlog = this.#backlog;
    this.#backlog = [];
    const kinds: readonly Delivery['kind'][] = ['timer', 'message'];
    const ordered = timersFirst ? kinds.flatMap((kind) => backlog.filter((each) => each.kind === kind)) : backlog;
    for (const { kind, run } of ordered) this.#time.after(0, () => this.deliver(kind, run));
  }

  #authOf(dependencies: InstanceDependencies): WebAppAuth | ServerToServerAuth {
    const { history, parameters, chance, time } = dependencies;
    const { refreshTokenLifetime, refreshTokenLifetimeIsKnown } = parameters;
    const failure = new Error('A handler of the application fails.');
    const entropy: Entropy = (length) =>
      Uint8Array.from({ length }, () => Math.floor(chance.draw(`entropy ${this.name}`, time.now) * 256));
    const options = {
      clientId: 'fictional-client',
      clientSecret: parameters.clientSecrets,
      transport: dependencies.transportOf(this),
      storage: dependencies.storageOf(this),
      clock: this.clock,
      entropy,
      refreshBuffer: parameters.refreshBuffer,
      onStorageUnavailable: parameters.onStorageUnavailable,
      server: customServer({
        ...SERVER,
        clientAuthentication: 'client_secret_post',
        ...(refreshTokenLifetimeIsKnown && { refreshTokenLifetime }),
      }),
      // The handlers of an application may fail, which must have no effect.
      onTokenRefreshed: async () => {
        throw failure;
      },
      onStateChange: ({ from, to, snapshot }: StateChange) => {
        const { ending, failure } = snapshot;
        history.note({
          kind: 'state',
          who: this.name,
          from,
          to,
          ...(ending !== null && { cause: ending.cause }),
          ...(failure !== null && { failure: failure.code }),
        });
        throw failure;
      },
    };
    if (parameters.flow === 'service') return new ServerToServerAuth(options);
    return new WebAppAuth({
      ...options,
      redirectUri: REDIRECT_URI,
      keepAlive: parameters.keepAlive && refreshTokenLifetimeIsKnown,
    });
  }
}
