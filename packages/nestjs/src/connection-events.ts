import type { ExportedTokens, Failure, ReauthenticationDue, StateChange } from '@frameio-auth/core';
import { Logger } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { DEFAULT_CONNECTION } from './injection-tokens.js';
import { unlessMissing } from './optional-peer.js';

/**
 * Names the events that a connection emits if the application imports `EventEmitterModule` of `@nestjs/event-emitter`.
 */
export const FrameioAuthEvents = {
  /** A session changed its state. Payload: {@link FrameioStateChanged}. */
  stateChanged: 'frameio-auth.state-changed',
  /** This instance received new tokens. Payload: {@link FrameioTokensRefreshed}. */
  tokensRefreshed: 'frameio-auth.tokens-refreshed',
  /** A user must sign in again, because a refresh cannot help. Payload: {@link FrameioReauthenticationDue}. */
  reauthenticationDue: 'frameio-auth.reauthentication-due',
} as const;

export interface FrameioStateChanged extends StateChange {
  readonly connection: string;
}

/** Reports that a session has new tokens. The payload does not contain them. */
export interface FrameioTokensRefreshed {
  readonly connection: string;
  readonly key: string;
  /** When the access token expires, in milliseconds since the Unix epoch; `null` if the server did not say. */
  readonly expiresAt: number | null;
  readonly scopes: readonly string[];
}

export interface FrameioReauthenticationDue extends ReauthenticationDue {
  readonly connection: string;
}

/**
 * How long a failure counts as current, in milliseconds. While no caller needs a token, nothing shows that it has
 * ended.
 */
const MEMORY = 300_000;

/** The steps in which a session waits after a failure. */
const PAUSE = /\.(?:backingOff|unsaved)$/;

interface Emitter {
  emit(event: string, payload: object): unknown;
}

/**
 * Reports state changes of a connection's sessions to the log and the event emitter. Neither ever receives a token. The
 * log also omits session keys, because they may be people's names.
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

  /**
   * Returns the latest failure of the server, in any session. It is cleared when the server issues tokens, to this or
   * another instance.
   */
  get trouble(): Failure | undefined {
    const { failure, at } = this.#trouble ?? { at: 0 };
    return performance.now() - at < MEMORY ? failure : undefined;
  }

  /** Looks up the emitter after all modules have created their providers. */
  async onModuleInit(): Promise<void> {
    const peer = await eventEmitter();
    if (peer === undefined) return;
    try {
      this.#emitter = this.#modules.get<Emitter>(peer.EventEmitter2, { strict: false });
    } catch {
      // Nest throws if there is no such provider, and has no lookup that does not. The application uses no events.
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
    // Another instance received tokens and this one adopts them, so the server works.
    const wanted = before === 'refreshing' || PAUSE.test(from);
    if (wanted && snapshot.state === 'valid' && failure === null) this.#trouble = undefined;
    // Logged once for each outage and session, not for each attempt.
    if (failure !== null && snapshot.attempt === 1 && PAUSE.test(snapshot.step)) {
      this.logger.warn(`${failure.code}: ${failure.description}`);
    }
    if (snapshot.state === 'expired' && before !== 'expired' && ending !== null) {
      this.logger.warn(`A session has ended (${ending.cause}). Its user must sign in again.`);
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
