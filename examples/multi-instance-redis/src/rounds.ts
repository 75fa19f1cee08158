import type { ExportedTokens, SessionState, UserSession } from '@frameio-auth/core';
import { authenticatedFetch } from '@frameio-auth/transport-fetch';
import { fingerprint } from './fingerprint.ts';

/** The commands to a worker. Each gets a response, except the last, which ends the worker. */
export type Order =
  | { readonly name: 'start' }
  | { readonly name: 'beginSignIn' }
  | { readonly name: 'endSignIn'; readonly callback: string }
  | { readonly name: 'work' }
  | { readonly name: 'callFrameio' }
  | { readonly name: 'end' };

/**
 * The messages of a worker: a response, its state, or that it has requested tokens from the server. Tokens are
 * fingerprints.
 */
export type Message =
  | { readonly kind: 'answer'; readonly text: string }
  | { readonly kind: 'failure'; readonly text: string }
  | ({ readonly kind: 'standing' } & Standing)
  | { readonly kind: 'refreshed'; readonly token: string };

export interface Standing {
  readonly state: SessionState;
  /** The state with its inner step, such as `refreshing.waiting`. */
  readonly step: string;
  /** The token that was served last. */
  readonly token: string;
  /** When it expires, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** How many calls of `getToken()` succeeded, and how many failed. */
  readonly served: number;
  readonly errors: number;
}

/** Pauses between two calls, and between two reports, in milliseconds. */
const PAUSE = 10;
const REPORT = 100;

const report = (message: Message): void => {
  if (process.connected) process.send?.(message);
};

/** Reports to the fleet that this worker requested the tokens from the server. */
export function noteRefresh({ accessToken }: ExportedTokens): void {
  report({ kind: 'refreshed', token: fingerprint(accessToken) });
}

/** Executes commands and reports its state, until it is told to end. */
export async function takePart(session: UserSession): Promise<void> {
  process.on('SIGINT', () => {}); // A terminal sends it to all processes. The fleet says when to end.
  const leave = () => process.exit();
  process.once('disconnect', leave); // The fleet has ended.
  for await (const order of orders()) {
    if (order.name === 'end') break;
    try {
      report({ kind: 'answer', text: await obey(session, order) });
    } catch (error) {
      report({ kind: 'failure', text: String(error) });
    }
  }
  process.off('disconnect', leave); // After its sessions are closed, nothing keeps this process alive.
}

async function* orders(): AsyncGenerator<Order> {
  // The next one comes only after the response to this one.
  while (true) yield await new Promise<Order>((resolve) => process.once('message', (order: Order) => resolve(order)));
}

async function obey(session: UserSession, order: Exclude<Order, { name: 'end' }>): Promise<string> {
  switch (order.name) {
    case 'start':
      return '';
    case 'beginSignIn':
      return (await session.getAuthorizationUrl()).url;
    case 'endSignIn':
      await session.handleCallback(order.callback);
      return '';
    case 'work':
      await new Rounds(session).begin();
      return '';
    case 'callFrameio': {
      const origin = process.env['IMS_ORIGIN'] ?? '';
      const answer = await authenticatedFetch(session, { allowedOrigins: [origin] })(`${origin}/v4/me`);
      return String(answer.status);
    }
  }
}

/** Requests the token continuously, as a busy process does. */
class Rounds {
  readonly #session: UserSession;
  #token = '';
  #served = 0;
  #errors = 0;

  constructor(session: UserSession) {
    this.#session = session;
  }

  /** Resolves after the first token. */
  async begin(): Promise<void> {
    await this.#ask();
    this.#report();
    this.#session.subscribe(() => this.#report());
    setInterval(() => this.#report(), REPORT).unref();
    setInterval(() => void this.#ask(), PAUSE).unref();
  }

  async #ask(): Promise<void> {
    try {
      const token = fingerprint(await this.#session.getToken());
      this.#served += 1;
      if (token === this.#token) return;
      this.#token = token;
      this.#report();
    } catch {
      this.#errors += 1;
    }
  }

  #report(): void {
    const { state, step, expiresAt } = this.#session.snapshot;
    const figures = { served: this.#served, errors: this.#errors };
    report({ kind: 'standing', state, step, token: this.#token, expiresAt: expiresAt ?? 0, ...figures });
  }
}
