import { FrameioAuthError, type WebAppAuth } from '@frameio-auth/core';
import type { Chance } from './chance.ts';
import type { CallOutcome, History } from './history.ts';
import type { Instance } from './instance.ts';
import type { Call, Parameters } from './plan.ts';
import type { TokenLedger } from './token-ledger.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A call without a response so far. */
export interface PendingCall {
  readonly instance: Instance;
  readonly call: string;
  readonly number: number;
  readonly since: number;
  /** How long the instance had been suspended before. */
  readonly pausedFor: number;
}

/** An error that is not one of those that sessions document. */
export const UNDOCUMENTED_ERROR = 'undocumented error';

/** A request to an instance: the calls of a plan, the two halves of a browser sign-in, or closing. */
type Request = { readonly call: Call | 'authorize' | 'close' } | { readonly call: 'callback'; readonly url: string };

/** How long users take at the server, in milliseconds: most are quick, and some are too late. */
const VISIT = [1_000, 60_000] as const;
const LATE_VISIT = 11 * 60_000;

/** How long an impatient caller waits at most, and how long the API takes to respond, in milliseconds. */
const IMPATIENCE = [1, 3_000] as const;
const API_LATENCY = [1, 200] as const;

/** The application: it calls sessions as the plan says, and calls the API with their tokens. */
export class Application {
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #history: History;
  readonly #ledger: TokenLedger;
  readonly #flow: Parameters['flow'];
  readonly #pending = new Set<PendingCall>();
  #calls = 0;

  constructor(world: {
    readonly time: VirtualTime;
    readonly chance: Chance;
    readonly history: History;
    readonly ledger: TokenLedger;
    readonly flow: Parameters['flow'];
  }) {
    this.#time = world.time;
    this.#chance = world.chance;
    this.#history = world.history;
    this.#ledger = world.ledger;
    this.#flow = world.flow;
  }

  get pending(): ReadonlySet<PendingCall> {
    return this.#pending;
  }

  /** Makes a call as soon as the instance runs; resolves to its outcome, and never if the instance dies. */
  call(instance: Instance, call: Call | 'close'): Promise<CallOutcome> {
    return this.#ask(instance, { call });
  }

  /** Signs a user in with a browser: the sign-in begins on one instance, and ends on another one or the same. */
  async visit(begin: Instance, end: () => Instance): Promise<void> {
    const begun = await this.#ask(begin, { call: 'authorize' });
    if (!('url' in begun)) return;
    const { searchParams } = new URL(begun.url);
    const isLate = this.#chance.draw(`late visit ${begin.place}`, this.#time.now) < 0.05;
    const stays = isLate ? LATE_VISIT : this.#chance.within(`visit ${begin.place}`, this.#time.now, VISIT);
    this.#time.after(stays, () => {
      const code = this.#ledger.authorize();
      const query = new URLSearchParams({ code, state: searchParams.get('state') ?? '' });
      void this.#ask(end(), { call: 'callback', url: `${searchParams.get('redirect_uri')}?${query}` });
    });
  }

  #ask(instance: Instance, request: Request): Promise<CallOutcome> {
    const { call } = request;
    return new Promise((resolve) => {
      instance.deliver('message', () => {
        this.#calls += 1;
        const number = this.#calls;
        const { name: who, pausedFor } = instance;
        const pending = { instance, call, number, since: this.#time.now, pausedFor };
        this.#pending.add(pending);
        this.#history.note({ kind: 'called', who, number, call });
        const settle = (outcome: CallOutcome) => {
          this.#pending.delete(pending);
          this.#history.note({ kind: 'settled', who, number, call, outcome });
          resolve(outcome);
        };
        void this.#make(instance, request).then(settle, (error: unknown) => settle(outcomeOf(error)));
      });
    });
  }

  async #make(instance: Instance, request: Request): Promise<CallOutcome> {
    const { auth } = instance;
    switch (request.call) {
      case 'use':
        return this.#use(instance);
      case 'getToken':
        return { token: await this.#getToken(instance) };
      case 'impatient': {
        const impatience = new AbortController();
        const patience = this.#chance.within(`impatience ${instance.place}`, this.#time.now, IMPATIENCE);
        instance.clock.setTimeout(() => impatience.abort(), patience);
        return { token: await this.#getToken(instance, { signal: impatience.signal }) };
      }
      case 'peek': {
        const token = auth.peekToken();
        if (token === undefined) return { done: true };
        this.#history.note({ kind: 'token returned', who: instance.name, token, asked: this.#history.now });
        return { token };
      }
      case 'refresh':
        await auth.refresh();
        return { done: true };
      case 'signIn':
      case 'visit': // A service has no users, so it signs in by itself.
        await this.#signIn(instance);
        return { done: true };
      case 'authorize': {
        const { url } = await (auth as WebAppAuth).getAuthorizationUrl();
        return { done: true, url };
      }
      case 'callback':
        await (auth as WebAppAuth).handleCallback(request.url);
        return { done: true };
      case 'revoke':
        await auth.revoke();
        return { done: true };
      case 'export':
        await auth.exportTokens();
        return { done: true };
      case 'close':
        await auth.close();
        return { done: true };
    }
  }

  /** Calls the API, and once more with another token if the API responds with 401. */
  async #use(instance: Instance): Promise<CallOutcome> {
    const token = await this.#getToken(instance);
    if (await this.#isAccepted(instance, token)) return { token, accepted: true };
    const other = await this.#getToken(instance, { rejected: token });
    return { token: other, accepted: await this.#isAccepted(instance, other) };
  }

  #isAccepted(instance: Instance, token: string): Promise<boolean> {
    return new Promise((resolve) => {
      this.#time.after(this.#chance.within(`API ${instance.place}`, this.#time.now, API_LATENCY), () => {
        const accepted = this.#ledger.accepts(token);
        instance.deliver('message', () => resolve(accepted));
      });
    });
  }

  async #getToken(
    instance: Instance,
    options?: { readonly signal?: AbortSignal; readonly rejected?: string },
  ): Promise<string> {
    const asked = this.#history.now;
    const token = await instance.auth.getToken(options);
    this.#history.note({ kind: 'token returned', who: instance.name, token, asked });
    return token;
  }

  /**
   * Imports the tokens of a sign-in by other means. As in such programs, the clock of its own machine dates them. A
   * service signs in by itself.
   */
  async #signIn(instance: Instance): Promise<void> {
    if (this.#flow === 'service') return instance.auth.refresh();
    const tokens = this.#ledger.signIn();
    this.#history.note({ kind: 'signed in', who: instance.name, tokens });
    const lifetime = (this.#ledger.expiryOf(tokens.accessToken) ?? 0) - this.#time.now;
    await instance.auth.importTokens({ ...tokens, expiresAt: (instance.clock.now() + lifetime) / 1000 });
  }
}

function outcomeOf(error: unknown): CallOutcome {
  if (error instanceof FrameioAuthError) return { error: error.name, code: error.code };
  if (error instanceof Error && error.name === 'AbortError') return { error: 'AbortError', code: 'aborted' };
  return {
    error: UNDOCUMENTED_ERROR,
    code: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  };
}
