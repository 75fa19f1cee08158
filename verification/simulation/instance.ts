import { customServer, ServerToServerAuth, type StateChange, WebAppAuth } from '@frameio-auth/core';
import type { Clock, Entropy, TokenStorage, Transport } from '@frameio-auth/core/adapter';
import type { Chance } from './chance.ts';
import type { History } from './history.ts';
import type { MachineClock } from './machine-clock.ts';
import type { Parameters } from './plan.ts';
import { SERVER } from './simulated-server.ts';
import { placeName } from './storytelling.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface Surroundings {
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
  #standsStill = false;
  #backlog: Delivery[] = [];
  /** How long it was suspended in total, in milliseconds. */
  stoodStill = 0;

  constructor(place: number, generation: number, machine: MachineClock, around: Surroundings) {
    this.place = place;
    this.name = `${placeName(place)}${generation}`;
    this.machine = machine;
    this.#time = around.time;
    this.clock = around.clockOf(this);
    this.auth = this.#authOf(around);
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get isStandingStill(): boolean {
    return this.#standsStill;
  }

  deliver(kind: Delivery['kind'], run: () => void): void {
    if (!this.#alive) return;
    if (this.#standsStill) this.#backlog.push({ kind, run });
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
  standStill(asleep: boolean): void {
    this.#standsStill = true;
    if (asleep) this.machine.fallAsleep();
  }

  /** Delivers everything that fell due or arrived meanwhile, at once. */
  goOn(stoodStill: number, timersFirst: boolean): void {
    this.#standsStill = false;
    this.stoodStill += stoodStill;
    this.machine.wakeUp();
    const backlog = this.#backlog;
    this.#backlog = [];
    const kinds: readonly Delivery['kind'][] = ['timer', 'message'];
    const ordered = timersFirst ? kinds.flatMap((kind) => backlog.filter((each) => each.kind === kind)) : backlog;
    for (const { kind, run } of ordered) this.#time.after(0, () => this.deliver(kind, run));
  }

  #authOf(around: Surroundings): WebAppAuth | ServerToServerAuth {
    const { history, parameters, chance, time } = around;
    const { refreshTokenLifetime, refreshTokenLifetimeIsKnown } = parameters;
    const failure = new Error('A handler of the application fails.');
    const entropy: Entropy = (length) =>
      Uint8Array.from({ length }, () => Math.floor(chance.draw(`entropy ${this.name}`, time.now) * 256));
    const options = {
      clientId: 'fictional-client',
      clientSecret: parameters.clientSecrets,
      transport: around.transportOf(this),
      storage: around.storageOf(this),
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
