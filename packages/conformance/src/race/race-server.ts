import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, type AuthorizationServer, type Exchange, type Fault, fingerprint } from '@frameio-auth/testing';
import { type RandomNumbers, randomNumbers } from '../random.js';
import type { RaceEvent } from './history.js';
import { REQUEST_HEADER } from './recorder.js';

interface RaceServerOptions {
  readonly seed: number;
  /** The longest time to respond to a token request, in milliseconds. */
  readonly latency: number;
  /** How long a fault waits for a suitable request, in milliseconds. */
  readonly opportunity: number;
  note(event: RaceEvent): void;
}

/** Records what the token endpoint of an authorization server decides, and delays or fails its responses. */
export class RaceServer {
  readonly #server: AuthorizationServer;
  readonly #options: RaceServerOptions;
  readonly #random: RandomNumbers;
  /** The refresh tokens that were issued, by fingerprint. */
  readonly #refreshTokens = new Map<string, string>();
  readonly #awaitingRefresh: ((process: string) => void)[] = [];
  readonly #awaitingFaults: { readonly fault: Fault; applied(): void }[] = [];

  constructor(server: AuthorizationServer, options: RaceServerOptions) {
    this.#server = server;
    this.#options = options;
    this.#random = randomNumbers(options.seed);
    server.faults.always('token', (exchange) => this.#answer(exchange));
  }

  /** Whether the server would accept a refresh token, named by its fingerprint. */
  honours(token: string): boolean {
    return this.#server.refreshTokenIsLive(this.#refreshTokens.get(token) ?? '');
  }

  /** Resolves to the process of the next refresh; `undefined` if there is none in time. */
  nextToRefresh(): Promise<string | undefined> {
    const sent = new Promise<string>((resolve) => this.#awaitingRefresh.push(resolve));
    return Promise.race([sent, delay(this.#options.opportunity, undefined, { ref: false })]);
  }

  /** Applies a fault to the next refresh; resolves to whether there was one in time. */
  failNextResponse(fault: Fault): Promise<boolean> {
    const applied = new Promise<boolean>((resolve) => {
      this.#awaitingFaults.push({ fault, applied: () => resolve(true) });
    });
    const missed = delay(this.#options.opportunity, false, { ref: false }).then((result) => {
      const index = this.#awaitingFaults.findIndex((waiting) => waiting.fault === fault);
      if (index >= 0) this.#awaitingFaults.splice(index, 1);
      return result;
    });
    return Promise.race([applied, missed]);
  }

  async #answer(exchange: Exchange): Promise<Answer> {
    const { note } = this.#options;
    const { form, headers } = exchange.request;
    const request = headers[REQUEST_HEADER] ?? 'unknown';
    const process = request.split('-', 1)[0] ?? request;
    const refreshToken = form.get('refresh_token');
    if (refreshToken !== null) {
      const token = fingerprint(refreshToken);
      note({ kind: 'token.presented', at: Date.now(), process, request, refreshToken: token });
      for (const resolve of this.#awaitingRefresh.splice(0)) resolve(process);
    }
    const answered = async (): Promise<Answer> => {
      const answer = await exchange.process();
      note({ kind: 'token.decided', at: Date.now(), process, request, ...this.#decisionIn(answer) });
      return answer;
    };
    const latency = this.#options.latency / 2;
    await exchange.wait(this.#random() * latency);
    const { fault, applied } = (refreshToken === null ? undefined : this.#awaitingFaults.shift()) ?? {};
    applied?.();
    const answer = await (fault === undefined ? answered() : fault({ ...exchange, process: answered }));
    await exchange.wait(this.#random() * latency);
    return answer;
  }

  #decisionIn({ status, body }: Answer) {
    if (status !== 200) return { outcome: 'refused' as const };
    const json = JSON.parse(body) as { access_token: string; refresh_token?: string; expires_in: number };
    const { access_token: accessToken, refresh_token: refreshToken } = json;
    if (refreshToken !== undefined) this.#refreshTokens.set(fingerprint(refreshToken), refreshToken);
    return {
      outcome: 'granted' as const,
      accessToken: fingerprint(accessToken),
      ...(refreshToken === undefined ? {} : { refreshToken: fingerprint(refreshToken) }),
      expiresAt: Date.now() + Number(json.expires_in) * 1000,
    };
  }
}
