import { randomFraction, randomText } from '../kernel/entropy.js';
import { errorOf, errorOfRejection } from '../kernel/errors.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import type { Effect, EffectParameters } from '../machine/effects.js';
import type { MachineSnapshot } from '../machine/transition.js';
import type { EventSink } from './event-sink.js';
import { type ExportedTokens, exportTokens } from './exported-tokens.js';
import { FreshToken } from './fresh-token.js';
import type { SessionDependencies } from './session-dependencies.js';
import type { SessionNotifications } from './session-notifications.js';
import { SessionRecord } from './session-record.js';
import { SessionTimers } from './session-timers.js';
import {
  type RevocationResult,
  requestTokens,
  revokeTokens,
  sharesToken,
  type TokenRequest,
} from './token-requests.js';
import { type CodeGrant, Vault } from './vault.js';
import { Waiters } from './waiters.js';

/** What the handlers know of the session that they work for. */
export interface HandledSession {
  readonly snapshot: MachineSnapshot;
  /** Whether a response is pending. */
  readonly isBusy: boolean;
  /** Whether an operation waits for the session. */
  readonly isAwaited: boolean;
  readonly send: EventSink;
}

/** A revocation that the application requested. */
export interface Revocation {
  result: RevocationResult;
  /** The tokens of another session that it must not affect. */
  readonly spared: TokenSet | undefined;
}

/**
 * Carries out the effects of one session's machine: the I/O, the timers and the secrets. No handler throws; failures
 * come back as events.
 */
export class EffectHandlers {
  readonly vault = new Vault();
  readonly record: SessionRecord;
  readonly fresh: FreshToken;
  /** The callers that wait for a token. */
  readonly callers: Waiters<string>;
  /** The revocation in progress. */
  revocation: Revocation | undefined;
  readonly #session: HandledSession;
  readonly #dependencies: SessionDependencies;
  readonly #notifications: SessionNotifications;
  readonly #timers: SessionTimers;
  /** The callers that passed in a code or tokens and wait for the outcome. */
  #importWaiters: Waiters<void> | undefined;

  constructor(
    session: HandledSession,
    storageKey: string,
    dependencies: SessionDependencies,
    notifications: SessionNotifications,
  ) {
    const { clock, wallClock, workload } = dependencies;
    this.#session = session;
    this.#dependencies = dependencies;
    this.#notifications = notifications;
    this.record = new SessionRecord(dependencies, workload, storageKey, session.send);
    this.fresh = new FreshToken(clock, wallClock);
    this.callers = new Waiters(clock);
    this.#timers = new SessionTimers(clock);
  }

  /** The tokens that are served but not in the storage. */
  get unwritten(): TokenSet | undefined {
    return this.#session.snapshot.context.unwritten === null ? undefined : this.vault.served;
  }

  /** Returns tokens with their times on the application's clock. */
  export(tokens: TokenSet): ExportedTokens {
    return exportTokens(redated(tokens, this.#dependencies.clock.onWall(0)));
  }

  /** Returns a random ID for a sign-in, which identifies its tokens across refreshes. */
  newSignIn(): string {
    return randomText(this.#dependencies.entropy, 9);
  }

  /** Waits until the code or the tokens that were passed in are served. Callers that want any token wait elsewhere. */
  waitForImport(): Promise<void> {
    this.#importWaiters ??= new Waiters(this.#dependencies.clock);
    return this.#importWaiters.wait();
  }

  /** Moves queued work forward, because a caller waits for it. */
  hurry(): void {
    this.record.hurry(this.#dependencies.workload.deadlineOf({ awaited: true }));
  }

  /** Stops the timers and rejects all callers. */
  stop(error: () => Error): void {
    this.#timers.stopAll();
    this.callers.rejectAll(error);
    this.#importWaiters?.rejectAll(error);
  }

  forgetTokens(): void {
    this.vault.forget();
    this.fresh.replace(undefined);
  }

  carryOut(effect: Effect, incoming: TokenSet | undefined): void {
    switch (effect.type) {
      case 'readRecord':
        this.#dependencies.coolDown.begin();
        this.record.read(this.#deadline(), this.unwritten);
        break;
      case 'requestLease':
        this.record.requestLease(effect.params.ifVersion, this.#deadline(), this.unwritten);
        break;
      case 'renewLease':
        this.record.renewLease();
        break;
      case 'releaseLease':
        if (effect.params.spent) this.record.leaveLease();
        else this.record.releaseLease();
        break;
      case 'requestToken':
        void this.#requestToken(effect.params);
        break;
      case 'holdTokens':
        this.vault.held = incoming;
        this.record.forgetHints();
        break;
      case 'commitTokens':
        this.#commitTokens(effect.params);
        break;
      case 'commitTombstone':
        this.record.commitTombstone(effect.params.tombstone, effect.params.expectedVersion);
        break;
      case 'adoptTokens':
        this.#adoptTokens(effect.params, incoming);
        break;
      case 'forgetTokens':
        this.forgetTokens();
        break;
      case 'announceTokens':
        this.#notifications.announce(() => this.export(this.vault.served as TokenSet));
        break;
      case 'confirmSignIn':
        this.#importWaiters?.resolveAll();
        break;
      case 'rejectSignIn':
        this.#importWaiters?.rejectAll(() => errorOf(effect.params.failure));
        break;
      case 'revokeTokens':
        void this.#revokeTokens(effect.params);
        break;
      case 'startTimer':
        this.#startTimer(effect.params);
        break;
      case 'stopTimer':
        this.#timers.stop(effect.params.timer);
        break;
      case 'serveCallers':
        this.#serveCallers();
        break;
      case 'rejectCallers':
        this.callers.rejectAll(() => errorOfRejection(effect.params.rejection));
        break;
    }
  }

  /** Returns the deadline for work that begins now. */
  #deadline(): number {
    const { workload, clock } = this.#dependencies;
    const { expiresAt } = this.#session.snapshot.context.tokens ?? {};
    return workload.deadlineOf({
      awaited: this.callers.areWaiting || this.#session.isAwaited,
      ...(expiresAt != null && { expiresIn: expiresAt - clock.now() }),
    });
  }

  /** Writes tokens: new ones at once, and those that the storage did not accept when their turn in the queue comes. */
  #commitTokens({ expectedVersion }: EffectParameters['commitTokens']): void {
    const tokens = (this.vault.held ?? this.vault.served) as TokenSet;
    this.record.commitTokens(tokens, expectedVersion, this.#session.isBusy ? undefined : this.#deadline());
  }

  async #requestToken({ grant }: EffectParameters['requestToken']): Promise<void> {
    const { client, clock, coolDown } = this.#dependencies;
    const { send } = this.#session;
    // A code is short-lived and its user is waiting, so it is exchanged even during a cool-down.
    const obstacle = grant === 'authorization_code' ? undefined : (coolDown.failure ?? this.record.outage);
    if (obstacle !== undefined) {
      send({ type: 'tokenRequest.failed', failure: obstacle });
      return;
    }
    const outcome = await requestTokens(client, this.#requestOf(grant), clock.now(), this.newSignIn());
    if (outcome.ok) {
      send({ type: 'tokenResponse.received', tokens: outcome.tokens.facts }, outcome.tokens);
      return;
    }
    // Anyone can cause a code to be rejected, so its failure makes no other session wait.
    if (grant !== 'authorization_code') coolDown.note(outcome.failure);
    send({ type: 'tokenRequest.failed', failure: outcome.failure });
  }

  /** Requires that the vault has what the grant needs; the machine requests no other. */
  #requestOf(grant: EffectParameters['requestToken']['grant']): TokenRequest {
    switch (grant) {
      case 'client_credentials':
        return { grant, scopes: this.#dependencies.scopes };
      case 'refresh_token':
        return { grant, renewed: this.vault.served as TokenSet };
      case 'authorization_code':
        return { grant, code: this.vault.codeGrant as CodeGrant };
    }
  }

  #adoptTokens({ from }: EffectParameters['adoptTokens'], incoming: TokenSet | undefined): void {
    if (from === 'held') this.vault.adoptHeld();
    else this.vault.adopt(incoming);
    this.fresh.replace(this.vault.served?.accessToken.reveal());
  }

  async #revokeTokens({ which }: EffectParameters['revokeTokens']): Promise<void> {
    const tokens = (which === 'held' ? this.vault.held : this.vault.served) as TokenSet;
    if (which === 'served') this.fresh.end();
    const result = await this.#revokeUnlessShared(tokens);
    if (which !== 'served') return;
    if (this.revocation !== undefined) this.revocation.result = result;
    this.#session.send({ type: 'revocation.finished' });
  }

  async #revokeUnlessShared(tokens: TokenSet): Promise<RevocationResult> {
    const { client } = this.#dependencies;
    const spared = this.revocation?.spared;
    if (spared !== undefined && (sharesToken(tokens, spared) || !client.revocationSpares(tokens, spared))) {
      return { revokedRemotely: false, reason: 'would_end_another' };
    }
    return revokeTokens(client, tokens);
  }

  #startTimer({ timer, ...window }: EffectParameters['startTimer']): void {
    const { workload, entropy, clock } = this.#dependencies;
    const { tokens } = this.#session.snapshot.context;
    const { notBefore, notAfter } = timer === 'refresh' && tokens ? workload.widen(window, tokens) : window;
    const at = notBefore + (notAfter - notBefore) * randomFraction(entropy);
    const delay = at - clock.now();
    const { send } = this.#session;
    if (timer !== 'refresh') {
      this.#timers.start(timer, delay, () => send({ type: `${timer}Timer.elapsed` }));
      return;
    }
    this.fresh.begin(at);
    this.#timers.start(timer, delay, () => {
      this.fresh.end();
      send({ type: 'refreshTimer.elapsed', used: this.fresh.isUsed });
    });
  }

  /** Requires that the vault has tokens; otherwise the machine does not serve callers. */
  #serveCallers(): void {
    const token = (this.vault.served as TokenSet).accessToken.reveal();
    if (this.callers.resolveAll(token)) this.fresh.isUsed = true;
  }
}
