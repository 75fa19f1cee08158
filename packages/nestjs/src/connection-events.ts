import type { ExportedTokens, Failure, ReauthenticationDue, StateChange } from '@frameio-auth/core';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { DEFAULT_CONNECTION } from './injection-tokens.js';
import { unlessMissing } from './optional-peer.js';

/** The events that a connection emits where `EventEmitterModule` of `@nestjs/event-emitter` is imported. */
export const FrameioAuthEvents = {
  /** A session's state has changed: {@link FrameioStateChanged}. */
  stateChanged: 'frameio-auth.state-changed',
  /** This instance received new tokens: {@link FrameioTokensRefreshed}. */
  tokensRefreshed: 'frameio-auth.tokens-refreshed',
  /** A user must sign in again, because renewing cannot help: {@link FrameioReauthenticationDue}. */
  reauthenticationDue: 'frameio-auth.reauthentication-due',
} as const;

export interface FrameioStateChanged extends StateChange {
  readonly connection: string;
}

/** That there are new tokens. They are not in it. */
export interface FrameioTokensRefreshed {
  readonly connection: string;
  readonly key: string;
  /** When the access token expires, in milliseconds since the Unix epoch; `null` when the server did not say. */
  readonly expiresAt: number | null;
  readonly scopes: readonly string[];
}

export interface FrameioReauthenticationDue extends ReauthenticationDue {
  readonly connection: string;
}

/** How long a failure counts as news, in milliseconds: while nobody wants a token, nothing shows that it is over. */
const MEMORY = 300_000;

/** The steps in which a session waits after a failure. */
const PAUSE = /\.(?:backingOff|unsaved)$/;

interface Emitter {
  emit(event: string, payload: object): unknown;
}

/**
 * Tells the log and the event emitter what becomes of a connection's sessions. Neither hears of a token; the log does not
 * hear of keys either, because they may be people's names.
 */
export class ConnectionEvents {
  readonly logger: Logger;
  readonly #connection: string;
  readonly #modules: ModuleRef;
  #emitter: Emitter | undefined;
  #trouble: { readonly failure: Failure; readonly at: number } | undefined;

  constructor(connection: string, modules: ModuleRef) {
    this.#connection = connection;
    this.#modules = modules;
    this.logger = new Logger(connection === DEFAULT_CONNECTION ? 'FrameioAuth' : `FrameioAuth:${connection}`);
  }

  /** What the server did wrong lately, in any of the sessions, and has not made good since by issuing tokens, be it to another instance. */
  get trouble(): Failure | undefined {
    const { failure, at } = this.#trouble ?? { at: 0 };
    return performance.now() - at < MEMORY ? failure : undefined;
  }

  /** Finds the emitter, once every module has made what it provides. */
  async onModuleInit(): Promise<void> {
    const peer = await eventEmitter();
    if (peer === undefined) return;
    try {
      this.#emitter = this.#modules.get<Emitter>(peer.EventEmitter2, { strict: false });
    } catch {
      // Nest throws when nobody provides it, and has no way to ask: the application does not use events.
    }
  }

  readonly onStateChange = (change: StateChange): void => {
    const { from, snapshot } = change;
    const { failure, ending } = snapshot;
    const [before = from] = from.split('.', 1);
    if (before !== snapshot.state) this.logger.debug(`${before} → ${snapshot.state}`);
    if (failure !== null && (failure.source === 'server' || failure.source === 'transport')) {
      this.#trouble = { failure, at: performance.now() };
    }
    // Another instance was given tokens, which this one takes over, so the server is well.
    const wanted = before === 'refreshing' || PAUSE.test(from);
    if (wanted && snapshot.state === 'valid' && failure === null) this.#trouble = undefined;
    // Once for each outage and session, and not for every attempt.
    if (failure !== null && snapshot.attempt === 1 && PAUSE.test(snapshot.step)) {
      this.logger.warn(`${failure.code}: ${failure.description}`);
    }
    if (snapshot.state === 'expired' && before !== 'expired' && ending !== null) {
      this.logger.warn(`A session is over (${ending.cause}): its user must sign in again.`);
    }
    this.#emit(FrameioAuthEvents.stateChanged, { ...change });
  };

  readonly onTokenRefreshed = ({ expiresAt, scopes = [] }: ExportedTokens, key: string): void => {
    this.#trouble = undefined;
    this.#emit(FrameioAuthEvents.tokensRefreshed, {
      key,
      expiresAt: expiresAt === undefined ? null : Math.round(expiresAt * 1000),
      scopes,
    });
  };

  readonly onReauthenticationDue = (due: ReauthenticationDue): void => {
    this.#emit(FrameioAuthEvents.reauthenticationDue, { ...due });
  };

  #emit(event: string, payload: object): void {
    this.#emitter?.emit(event, { connection: this.#connection, ...payload });
  }
}

async function eventEmitter() {
  try {
    return await import('@nestjs/event-emitter');
  } catch (error) {
    return unlessMissing(error);
  }
}
