import type { Clock } from '../kernel/clock.js';
import { randomFraction, randomText } from '../kernel/entropy.js';
import { ConfigurationError, errorOf, errorOfRejection, TokenExpiredError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import type { SessionInput } from '../machine/context.js';
import type { Effect, EffectParameters } from '../machine/effects.js';
import type { SessionEvent, SessionOccurrence } from '../machine/events.js';
import { type MachineSnapshot, pathOf, transition } from '../machine/transition.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import type { Outcome } from './bounded-queue.js';
import { Callers } from './callers.js';
import { ignoreErrors, throwIfAborted } from './calls.js';
import type { CoolDown } from './cool-down.js';
import { type ExportedTokens, exportTokens, type ImportableTokens, readImport } from './exported-tokens.js';
import { type Inspect, type InspectedReplica, inspectedReplica } from './inspected-replica.js';
import type { Reauthentications } from './reauthentications.js';
import {
  defaultKeepAliveBefore,
  type ReauthenticationReason,
  refreshTokenEnd,
  unavoidableEnd,
} from './refresh-token-life.js';
import { type RecordPlace, SessionRecord } from './session-record.js';
import { looksDifferent, presentSnapshot, type SessionSnapshot } from './session-snapshot.js';
import type { SessionTime } from './session-time.js';
import { SessionTimers } from './session-timers.js';
import { type RevocationResult, requestTokens, revokeTokens, type TokenRequest } from './token-requests.js';
import { type CodeGrant, Vault } from './vault.js';
import type { Workload } from './workload.js';

export interface GetTokenOptions {
  /** Aborts the wait of this call only; a request that other callers wait for continues. */
  readonly signal?: AbortSignal;
  /** The token that an API rejected with 401. If it is still the current one, a new one is requested. */
  readonly rejected?: string;
}

/** A change of state, as `onStateChange` receives it. */
export interface StateChange {
  readonly key: string;
  /** The state before, with its substate, such as `valid.fresh`. */
  readonly from: string;
  readonly to: string;
  readonly snapshot: SessionSnapshot;
}

/** What all sessions of one auth object share. */
export interface SessionDependencies extends RecordPlace {
  readonly clock: SessionTime;
  /** The clock that the fresh path reads. */
  readonly wallClock: Pick<Clock, 'now'>;
  readonly input: SessionInput;
  readonly workload: Workload;
  /** The snapshot in which every session begins. Snapshots are immutable, so all sessions share one. */
  readonly beginning: MachineSnapshot;
  readonly client: AuthorizationClient;
  readonly coolDown: CoolDown;
  /** The scopes to request. */
  readonly scopes: readonly string[];
  readonly inspect?: Inspect;
  readonly onTokenRefreshed?: (tokens: ExportedTokens, key: string) => unknown;
  readonly onStateChange?: (change: StateChange) => unknown;
  readonly reauthentications: Reauthentications;
}

/** A radius that no time lies within. */
const NOT_FRESH = -1;

/** How far the wall clock may be set back with the fresh path still open, in milliseconds. */
const FRESH_SLACK = 1_000;

export interface RevocationOptions {
  /**
   * A session with tokens that must stay valid, such as that of a sign-in that replaces this one. Many servers revoke
   * everything that a user has from a client (the profile's `revocationReach`). If both sessions may belong to the same
   * user, the server is not called. The tokens are only forgotten, and `reason` is `would_end_another`.
   */
  readonly sparing?: TokenSession;
}

/**
 * Runs one session: feeds events to the state machine and carries out the effects it returns. The machine decides what
 * happens; this class does the I/O.
 */
export class TokenSession {
  readonly key: string;
  readonly #dependencies: SessionDependencies;
  readonly #record: SessionRecord;
  readonly #vault = new Vault();
  readonly #callers: Callers;
  readonly #timers: SessionTimers;
  readonly #onClosed: () => void;
  readonly #replica: InspectedReplica | undefined;
  #snapshot: MachineSnapshot;

  // The fresh path serves a token from three fields, without any other call. The token is fresh while the wall clock is
  // within `#freshRadius` of `#freshMiddle`. Outside, the time has passed, the machine slept, or the clock was set
  // back. A timer ends the freshness on the session's own time.
  #freshMiddle = 0;
  #freshRadius = NOT_FRESH;
  #ready: Promise<string> | undefined;
  /** On the session's time. */
  #freshUntil = Number.NEGATIVE_INFINITY;
  #used = false;

  // Events are processed one after the other, including those that occur during processing.
  #queue: { readonly event: SessionOccurrence; readonly incoming: TokenSet | undefined }[] = [];
  #taking = false;
  #watching: (() => void)[] = [];
  #turn: Promise<unknown> | undefined;

  /** The callers that passed in a code or tokens and wait for the outcome. */
  #bringer: Callers | undefined;
  #revocation: RevocationResult = { revokedRemotely: false };
  /** The tokens of another session that the revocation must not affect. */
  #spared: TokenSet | undefined;
  /** Why the tokens to be revoked are still in the storage. */
  #revocationFailure: Failure | null = null;
  #listeners: Set<(snapshot: SessionSnapshot) => void> | undefined;
  #closed: Promise<void> | undefined;
  #ended = false;

  /** @param onClosed - called when `close()` is done, so that the owner of the sessions can drop this one */
  constructor(key: string, storageKey: string, dependencies: SessionDependencies, onClosed: () => void) {
    this.key = key;
    this.#onClosed = onClosed;
    this.#dependencies = dependencies;
    this.#record = new SessionRecord(dependencies, dependencies.workload, storageKey, (event, incoming) =>
      this.#send(event, incoming),
    );
    this.#callers = new Callers(dependencies.clock);
    this.#timers = new SessionTimers(dependencies.clock);
    this.#snapshot = dependencies.beginning;
    dependencies.workload.join();
    this.#replica = dependencies.inspect && inspectedReplica(key, dependencies.input, dependencies.inspect);
  }

  /**
   * Resolves to a valid access token. A token that is not due for refresh is served at once, without a request, a lock
   * or a read. One that is due but not expired is also served at once, and refreshed in the background.
   *
   * @throws AuthenticationError if the session is not signed in; TokenExpiredError if it has ended; if there is no
   * valid token and none can be obtained, the TransportError, RateLimitError, ProtocolError, StorageError or
   * ConfigurationError that says why
   */
  readonly getToken = (options?: GetTokenOptions): Promise<string> => {
    if (options === undefined && Math.abs(this.#dependencies.wallClock.now() - this.#freshMiddle) < this.#freshRadius) {
      this.#used = true;
      return this.#ready as Promise<string>;
    }
    return this.#obtainToken(options);
  };

  /** Returns the access token if there is a valid one. Makes no request and never throws. */
  readonly peekToken = (): string | undefined => {
    const isFresh = Math.abs(this.#dependencies.wallClock.now() - this.#freshMiddle) < this.#freshRadius;
    if (!isFresh && !this.#isAlive()) return undefined;
    this.#used = true;
    return this.#vault.served?.accessToken.reveal();
  };

  async #obtainToken({ signal, rejected }: GetTokenOptions = {}): Promise<string> {
    throwIfAborted(signal);
    this.assertOpen();
    if (rejected !== undefined) {
      await orAborted(this.#restore(), signal);
      this.assertOpen();
      if (rejected === this.#vault.served?.accessToken.reveal()) {
        return this.#ask({ type: 'token.rejected' }, signal);
      }
    }
    if (!this.#isAlive()) return this.#ask({ type: 'token.requested' }, signal);
    // Read it now: a token that is valid at this reading of the clock may have expired at the next.
    const token = (this.#vault.served as TokenSet).accessToken.reveal();
    if (!this.#isFresh() && !this.#snapshot.context.requested) this.#send({ type: 'token.requested' });
    this.#used = true;
    return token;
  }

  /**
   * Refreshes the token now, whether it is due or not. Joins a refresh that is in progress.
   *
   * @throws the same errors as `getToken()`
   */
  async refresh(): Promise<void> {
    this.assertOpen();
    await this.#restore();
    await this.#ask({ type: 'refresh.requested' });
  }

  /**
   * Signs out: revokes the tokens at the server (RFC 7009), and deletes them here and in the storage even if the server
   * cannot be reached. A record that cannot be read is replaced. The server cannot revoke the tokens in it, and
   * `reason` says why.
   *
   * @throws StorageError if the tokens are still in the storage; then call it again
   */
  async revoke({ sparing }: RevocationOptions = {}): Promise<RevocationResult> {
    this.assertOpen();
    const spared = sparing && (await sparing.#tokens());
    return this.#inTurn(async () => {
      this.#revocation = { revokedRemotely: false, reason: this.#obstacle?.code ?? 'nothing_to_revoke' };
      this.#revocationFailure = null;
      this.#spared = spared;
      try {
        this.#send({ type: 'revocation.requested' });
        while (this.#snapshot.matches('revoking')) await this.#nextEvent();
      } finally {
        this.#spared = undefined;
      }
      if (this.#revocationFailure !== null) throw errorOf(this.#revocationFailure);
      return this.#revocation;
    });
  }

  /**
   * Resolves to the tokens in plain text, for the application to store; `undefined` if there are none.
   *
   * @throws StorageError if the storage cannot be read
   */
  async exportTokens(): Promise<ExportedTokens | undefined> {
    const tokens = await this.#tokens();
    return tokens && this.#exported(tokens);
  }

  async #tokens(): Promise<TokenSet | undefined> {
    this.assertOpen();
    await this.#restore();
    await this.#rest();
    this.assertOpen();
    return this.#vault.served;
  }

  /**
   * Replaces the session's tokens by exported ones, from here or from the official SDKs. Invalid tokens are rejected,
   * and the session stays unchanged. If the storage does not accept the tokens, they are served anyway, the snapshot is
   * `degraded`, and the write is retried. A record that cannot be read is replaced.
   *
   * @throws ConfigurationError for what cannot be parsed, TokenExpiredError for expired tokens without a refresh token,
   * StorageError if the storage does not respond or has a record of a newer version of this package
   */
  async importTokens(tokens: ImportableTokens): Promise<void> {
    this.assertOpen();
    const { clock, wallClock } = this.#dependencies;
    const read = redated(readImport(tokens, wallClock.now()), clock.fromWall(0));
    const imported: TokenSet = { ...read, facts: { ...read.facts, signIn: this.#newSignIn() } };
    await this.#inTurn(async () => {
      const { expiresAt, refreshable } = imported.facts;
      if (!refreshable && expiresAt !== null && expiresAt <= clock.now()) {
        throw new TokenExpiredError(
          'access_token_expired',
          'The imported access token has expired, and no refresh token came with it. Sign in again.',
          {
            errorDescription: 'The imported access token has expired.',
          },
        );
      }
      await this.#bring({ type: 'tokens.imported', tokens: imported.facts }, imported);
    });
  }

  /** Whether there are tokens, and they are not known to be dead. `false` before the first use of the session. */
  get isAuthenticated(): boolean {
    const { tokens, renewal } = this.#snapshot.context;
    return (
      this.#closed === undefined &&
      tokens !== null &&
      (renewal === 'client_credentials' || tokens.refreshable || this.#isAlive())
    );
  }

  /** The session's current state, without secrets. */
  get snapshot(): SessionSnapshot {
    const { clock, refreshTokenLifetime } = this.#dependencies;
    return presentSnapshot(this.key, this.#snapshot, refreshTokenLifetime, (time) => clock.onWall(time));
  }

  /** Calls `listener` with the snapshot after each change. Errors of the listener are ignored. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    const subscribed = (snapshot: SessionSnapshot) => listener(snapshot); // A new function each time, so that one listener may subscribe twice.
    this.#listeners ??= new Set();
    this.#listeners.add(subscribed);
    return { unsubscribe: () => void this.#listeners?.delete(subscribed) };
  }

  /**
   * Releases timers, lease and storage; the storage's records stay. It waits for a request in progress and writes its
   * response, which may hold the only copy of a refresh token. It also tries once more to write tokens that the storage
   * did not accept.
   *
   * @throws StorageError if the storage still does not accept them; the tokens are then lost
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    // Work that waits in the queue has not begun, and never does. Work that left the queue may have begun something
    // since the last event.
    while (this.#isBusy() && !this.#record.isQueued) await this.#nextEvent();
    this.#record.withdraw();
    this.#ended = true;
    this.#timers.stopAll();
    this.#callers.turnAway(closedError);
    this.#bringer?.turnAway(closedError);
    this.#resume();
    const lost = await this.#writeOnceMore();
    // The unwritten tokens came from the refresh token in the record, so it is spent. A lease that expires tells the
    // next holder.
    if (lost !== null) this.#record.leaveLease();
    this.#forget();
    this.#replica?.stop();
    this.#listeners?.clear();
    await this.#record.close();
    this.#dependencies.workload.leave();
    this.#onClosed();
    // The only copy of a refresh token was in memory, so its loss must be reported.
    if (lost !== null) throw errorOf(lost);
  }

  #forget(): void {
    this.#vault.forget();
    this.#ready = undefined;
    this.#stale();
  }

  /**
   * Tries once more to write tokens that the storage did not accept. They may include the only copy of a refresh token.
   */
  async #writeOnceMore(): Promise<Failure | null> {
    const { unwritten, ...known } = this.#snapshot.context;
    const tokens = this.#vault.served;
    if (!unwritten || tokens === undefined) return null;
    const outcome = await this.#record.writeLast(tokens, known);
    if (outcome === 'revoked') await revokeTokens(this.#dependencies.client, tokens);
    return typeof outcome === 'object' && tokens.refreshToken !== undefined ? outcome : null;
  }

  /** Completes a sign-in: exchanges the code for tokens. Resolves when they are served. */
  protected async exchange(grant: CodeGrant): Promise<void> {
    await this.#inTurn(async () => {
      this.#vault.codeGrant = grant;
      this.#vault.replaced = this.#vault.served;
      try {
        await this.#bring({ type: 'code.received' });
        this.#revokeReplaced();
      } finally {
        this.#vault.codeGrant = undefined;
        this.#vault.replaced = undefined;
      }
    });
  }

  /** Not awaited, and its failures are ignored: they must not fail the new sign-in. */
  #revokeReplaced(): void {
    const { client } = this.#dependencies;
    const { replaced, served } = this.#vault;
    // Until the new tokens are written, a crash would leave the old ones, so those must stay valid.
    const isWritten = this.#snapshot.context.unwritten === null;
    if (replaced === undefined || served === undefined || !isWritten || sharesToken(replaced, served)) return;
    if (client.revocationSpares(replaced, served)) ignoreErrors(() => revokeTokens(client, replaced));
  }

  /**
   * Reads the record and waits until nothing is in progress. Call it before consuming something that works only once,
   * because it may fail.
   */
  protected async prepare(): Promise<void> {
    this.assertOpen();
    await this.#untilAtRest();
    this.assertOpen();
  }

  /** Records that a sign-in began, or that the user came back without a code. */
  protected async note(event: 'authorization.started' | 'authorization.denied'): Promise<void> {
    await this.prepare();
    this.#send({ type: event });
  }

  /**
   * Refreshes the tokens if their refresh token is about to expire and no instance has refreshed them since. This does
   * not count as use, so the session is not refreshed again when the access token expires.
   *
   * @returns the failure that prevented it, or `null`
   */
  protected async keepAlive(): Promise<Failure | null> {
    await this.#read();
    await this.#rest();
    if (this.#closed !== undefined) return null;
    if (this.#obstacle !== null) return this.#obstacle;
    // After a failure there is a pause for every caller.
    if (this.#snapshot.matches({ refreshing: 'backingOff' })) return this.#snapshot.context.failure;
    if (!this.#isToBeKeptAlive()) return null;
    this.#send({ type: 'refresh.requested' });
    while (this.#snapshot.context.requested && !this.#ended) await this.#nextEvent();
    return this.#snapshot.context.failure;
  }

  #isToBeKeptAlive(): boolean {
    const { tokens } = this.#snapshot.context;
    const { refreshTokenLifetime, keepAliveBefore } = this.#dependencies;
    if (!tokens?.refreshable || refreshTokenLifetime === undefined || keepAliveBefore === undefined) return false;
    return this.#dependencies.clock.now() >= refreshTokenEnd(tokens, refreshTokenLifetime) - keepAliveBefore;
  }

  /**
   * Reads the record at the first use, and again while there are no tokens, because the hint of a sign-in elsewhere may
   * have been lost. What the read started may still be in progress afterwards.
   */
  async #read(): Promise<void> {
    const { tokens, renewal } = this.#snapshot.context;
    if (!this.#isRestoring() && (tokens !== null || renewal === 'client_credentials')) return;
    this.#send({ type: 'session.opened' });
    while (this.#record.isAsked && !this.#ended) await this.#nextEvent();
  }

  /** Reads the record, for callers that need its tokens. */
  async #restore(): Promise<void> {
    await this.#read();
    if (this.#obstacle !== null) throw errorOf(this.#obstacle);
  }

  /** Reads the record and waits until nothing is in progress, for callers that may replace an unreadable record. */
  async #untilAtRest(): Promise<void> {
    await this.#read();
    await this.#rest();
    const obstacle = this.#obstacle;
    if (obstacle !== null && obstacle.version === undefined) throw errorOf(obstacle);
  }

  /** The tokens that are served but not in the storage. */
  get #unwritten(): TokenSet | undefined {
    return this.#snapshot.context.unwritten === null ? undefined : this.#vault.served;
  }

  /** Why the record is unknown, if the last read failed. */
  get #obstacle(): Failure | null {
    return this.#isRestoring() ? this.#snapshot.context.failure : null;
  }

  #isRestoring(): boolean {
    return this.#snapshot.matches('restoring');
  }

  /** Resolves when no response is pending, so that new work may begin. */
  async #rest(): Promise<void> {
    while (this.#isBusy()) await this.#nextEvent();
  }

  #isBusy(): boolean {
    return !this.#ended && this.#snapshot.hasTag('busy');
  }

  #nextEvent(): Promise<void> {
    this.#hurry();
    return new Promise((resolve) => this.#watching.push(resolve));
  }

  /** Moves queued work forward, because a caller waits for it. */
  #hurry(): void {
    this.#record.hurry(this.#dependencies.workload.deadlineOf({ awaited: true }));
  }

  /** Returns the deadline for work that begins now. */
  #deadline(): number {
    const { expiresAt } = this.#snapshot.context.tokens ?? {};
    return this.#dependencies.workload.deadlineOf({
      awaited: this.#callers.areWaiting || this.#watching.length > 0,
      ...(expiresAt != null && { expiresIn: expiresAt - this.#dependencies.clock.now() }),
    });
  }

  /** Begins new work when nothing is in progress, in the order of the calls. */
  async #inTurn<Result>(begin: () => Promise<Result>): Promise<Result> {
    const whenAtRest = async () => {
      this.assertOpen();
      // A caller may have begun a refresh after the last event, so check again. Nothing is awaited between this check
      // and `begin()`.
      do await this.#untilAtRest();
      while (this.#isBusy());
      this.assertOpen();
      return begin();
    };
    const turn = (this.#turn ?? Promise.resolve()).then(whenAtRest, whenAtRest);
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
    }
  }

  /**
   * Sends a caller's request and waits for its outcome. The wait begins first, because the outcome may be immediate.
   */
  async #ask(wish: SessionOccurrence, signal?: AbortSignal): Promise<string> {
    this.assertOpen();
    const answer = this.#callers.wait(signal);
    this.#hurry();
    this.#send(wish);
    return answer;
  }

  /** Passes in a code or tokens, and waits for their outcome. Callers that only want a token wait elsewhere. */
  async #bring(event: SessionOccurrence, incoming?: TokenSet): Promise<void> {
    this.#bringer ??= new Callers(this.#dependencies.clock);
    const outcome = this.#bringer.wait();
    this.#send(event, incoming);
    await outcome;
  }

  /** @throws ConfigurationError after `close()`: nothing new may begin */
  protected assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  #isAlive(): boolean {
    const { tokens, suspect } = this.#snapshot.context;
    // Tokens that are being revoked are not served, even if a storage that lost its last writes returned them.
    if (this.#snapshot.matches('revoking')) return false;
    return (
      tokens !== null && !suspect && (tokens.expiresAt === null || this.#dependencies.clock.now() < tokens.expiresAt)
    );
  }

  #isFresh(): boolean {
    if (this.#dependencies.clock.now() >= this.#freshUntil) return false;
    this.#openFreshPath(); // The wall clock was set back, or the caller passed options.
    return true;
  }

  #openFreshPath(): void {
    const { clock, wallClock } = this.#dependencies;
    const [from, until] = [wallClock.now() - FRESH_SLACK, clock.onWall(this.#freshUntil)];
    this.#freshMiddle = (from + until) / 2;
    this.#freshRadius = (until - from) / 2;
  }

  #stale(): void {
    this.#freshUntil = Number.NEGATIVE_INFINITY;
    this.#freshRadius = NOT_FRESH;
  }

  /** Returns the tokens with their times on the application's clock. */
  #exported(tokens: TokenSet): ExportedTokens {
    return exportTokens(redated(tokens, this.#dependencies.clock.onWall(0)));
  }

  /** Sends an event to the machine. The tokens that it is about stay here, because the machine must not see them. */
  #send(event: SessionOccurrence, incoming?: TokenSet): void {
    if (this.#ended) return;
    this.#queue.push({ event, incoming });
    if (this.#taking) return;
    this.#taking = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#take(next.event, next.incoming);
      }
      this.#queue = []; // A used array keeps its capacity; a new one saves memory.
    } finally {
      this.#taking = false;
    }
  }

  #take(occurrence: SessionOccurrence, incoming: TokenSet | undefined): void {
    const event: SessionEvent = { ...occurrence, now: this.#dependencies.clock.now() };
    const before = this.#snapshot;
    const [after, effects] = transition(before, event);
    this.#snapshot = after;
    this.#replica?.send(event);
    for (const effect of effects) this.#carryOut(effect, incoming);
    // A token that an API rejected is fresh by the clock alone: no other caller gets it while it is being refreshed.
    if (after.context.suspect) this.#stale();
    this.#tell(before, after);
    this.#tellOfEnd(before, after, event);
    // Later failures, such as that of a service's new sign-in, do not belong to the revocation.
    if (before.matches('revoking') && !after.matches('revoking')) this.#revocationFailure = after.context.failure;
    if (!after.hasTag('busy')) this.#record.endRenewal(outcomeOf(event, this.#dependencies.input));
    // A hint that arrived during other work was not followed. Follow it now if it is still news.
    if (before.hasTag('busy') && !after.hasTag('busy')) this.#record.repeatHint(after.context.newest);
    this.#resume();
  }

  /** Resumes everything that waits for the next event. */
  #resume(): void {
    if (this.#watching.length === 0) return;
    const watching = this.#watching;
    this.#watching = [];
    for (const resume of watching) resume();
  }

  #tell(before: MachineSnapshot, after: MachineSnapshot): void {
    const { onStateChange } = this.#dependencies;
    if (this.#listeners?.size && looksDifferent(before, after)) {
      for (const listener of this.#listeners) ignoreErrors(() => listener(this.snapshot));
    }
    if (onStateChange === undefined) return;
    const [from, to] = [pathOf(before), pathOf(after)];
    if (from !== to) ignoreErrors(() => onStateChange({ key: this.key, from, to, snapshot: this.snapshot }));
  }

  /**
   * Reports that the user must sign in again, if the server told this instance so. Instances that only read it from the
   * record stay silent, so it is reported once.
   */
  #tellOfEnd(before: MachineSnapshot, after: MachineSnapshot, { type, now }: SessionEvent): void {
    if (type !== 'commit.succeeded' && type !== 'tokenRequest.failed') return;
    const { clock, reauthentications, refreshTokenLifetime = 0 } = this.#dependencies;
    const tell = (by: number, reason: ReauthenticationReason) =>
      reauthentications.tell({ key: this.key, by: clock.onWall(by), reason }, clock.onWall(now));
    if (after.matches('expired') && !before.matches('expired')) {
      tell(now, 'session_ended');
      return;
    }
    const end = unavoidableEnd(after.context, this.#dependencies.refreshTokenLifetime);
    if (end === undefined) return;
    const { keepAliveBefore = defaultKeepAliveBefore(refreshTokenLifetime) } = this.#dependencies;
    // The server or its configuration may change before the end; a missing refresh token will not.
    if (end.reason !== 'no_refresh_token' && now < end.by - keepAliveBefore) return;
    tell(end.by, end.reason);
  }

  /** Carries out one effect. It must not throw: failures come back as events. */
  #carryOut(effect: Effect, incoming: TokenSet | undefined): void {
    switch (effect.type) {
      case 'readRecord':
        this.#dependencies.coolDown.begin();
        this.#record.read(this.#deadline(), this.#unwritten);
        break;
      case 'requestLease':
        this.#record.requestLease(effect.params.ifVersion, this.#deadline(), this.#unwritten);
        break;
      case 'renewLease':
        this.#record.renewLease();
        break;
      case 'releaseLease':
        if (effect.params.spent) this.#record.leaveLease();
        else void this.#record.releaseLease();
        break;
      case 'requestToken':
        void this.#requestToken(effect.params);
        break;
      case 'holdTokens':
        this.#vault.held = incoming;
        this.#record.forgetHints();
        break;
      case 'commitTokens':
        this.#commitTokens(effect.params);
        break;
      case 'commitTombstone':
        this.#record.commitTombstone(effect.params.tombstone, effect.params.expectedVersion);
        break;
      case 'adoptTokens':
        this.#adoptTokens(effect.params, incoming);
        break;
      case 'forgetTokens':
        this.#forget();
        break;
      case 'announceTokens':
        this.#announceTokens();
        break;
      case 'confirmSignIn':
        this.#bringer?.serve('');
        break;
      case 'rejectSignIn':
        this.#bringer?.turnAway(() => errorOf(effect.params.failure));
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
        this.#callers.turnAway(() => errorOfRejection(effect.params.rejection));
        break;
    }
  }

  /** Writes tokens: new ones at once, and those that the storage did not accept when their turn in the queue comes. */
  #commitTokens({ expectedVersion }: EffectParameters['commitTokens']): void {
    const tokens = (this.#vault.held ?? this.#vault.served) as TokenSet;
    this.#record.commitTokens(tokens, expectedVersion, this.#isBusy() ? undefined : this.#deadline());
  }

  async #requestToken({ grant }: EffectParameters['requestToken']): Promise<void> {
    const { client, clock, coolDown } = this.#dependencies;
    // A code is short-lived and its user is waiting, so it is exchanged even during a cool-down.
    const asked = grant === 'authorization_code' ? undefined : (coolDown.failure ?? this.#record.turnedAwayBy);
    if (asked !== undefined) {
      this.#send({ type: 'tokenRequest.failed', failure: asked });
      return;
    }
    const outcome = await requestTokens(client, this.#requestOf(grant), clock.now(), this.#newSignIn());
    if (outcome.ok) {
      this.#send({ type: 'tokenResponse.received', tokens: outcome.tokens.facts }, outcome.tokens);
      return;
    }
    // Anyone can cause a code to be rejected, so its failure makes no other session wait.
    if (grant !== 'authorization_code') coolDown.note(outcome.failure);
    this.#send({ type: 'tokenRequest.failed', failure: outcome.failure });
  }

  /** Returns a random ID for a sign-in, which identifies its tokens across refreshes. */
  #newSignIn(): string {
    return randomText(this.#dependencies.entropy, 9);
  }

  /** Requires that the vault has what the grant needs; the machine requests no other. */
  #requestOf(grant: EffectParameters['requestToken']['grant']): TokenRequest {
    switch (grant) {
      case 'client_credentials':
        return { grant, scopes: this.#dependencies.scopes };
      case 'refresh_token':
        return { grant, renewed: this.#vault.served as TokenSet };
      case 'authorization_code':
        return { grant, code: this.#vault.codeGrant as CodeGrant };
    }
  }

  #adoptTokens({ from }: EffectParameters['adoptTokens'], incoming: TokenSet | undefined): void {
    if (from === 'held') this.#vault.adoptHeld();
    else this.#vault.adopt(incoming);
    const token = this.#vault.served?.accessToken.reveal();
    this.#ready = token === undefined ? undefined : Promise.resolve(token);
    this.#stale();
    this.#used = false;
  }

  #announceTokens(): void {
    const { onTokenRefreshed } = this.#dependencies;
    const tokens = this.#vault.served;
    if (onTokenRefreshed && tokens) ignoreErrors(() => onTokenRefreshed(this.#exported(tokens), this.key));
  }

  async #revokeTokens({ which }: EffectParameters['revokeTokens']): Promise<void> {
    const tokens = which === 'held' ? this.#vault.held : this.#vault.served;
    if (which === 'served') this.#stale();
    const result = await this.#revokeUnlessShared(tokens as TokenSet);
    if (which !== 'served') return;
    this.#revocation = result;
    this.#send({ type: 'revocation.finished' });
  }

  async #revokeUnlessShared(tokens: TokenSet): Promise<RevocationResult> {
    const { client } = this.#dependencies;
    const spared = this.#spared;
    if (spared !== undefined && (sharesToken(tokens, spared) || !client.revocationSpares(tokens, spared))) {
      return { revokedRemotely: false, reason: 'would_end_another' };
    }
    return revokeTokens(client, tokens);
  }

  #startTimer({ timer, ...window }: EffectParameters['startTimer']): void {
    const { tokens } = this.#snapshot.context;
    const { notBefore, notAfter } =
      timer === 'refresh' && tokens ? this.#dependencies.workload.widen(window, tokens) : window;
    const at = notBefore + (notAfter - notBefore) * randomFraction(this.#dependencies.entropy);
    const delay = at - this.#dependencies.clock.now();
    if (timer !== 'refresh') {
      this.#timers.start(timer, delay, () => this.#send({ type: `${timer}Timer.elapsed` }));
      return;
    }
    this.#freshUntil = at;
    this.#openFreshPath();
    this.#timers.start(timer, delay, () => {
      this.#stale();
      this.#send({ type: 'refreshTimer.elapsed', used: this.#used });
    });
  }

  /** Requires that the vault has tokens; otherwise the machine does not serve callers. */
  #serveCallers(): void {
    const token = (this.#vault.served as TokenSet).accessToken.reveal();
    if (this.#callers.serve(token)) this.#used = true;
  }
}

/** Returns what the event that ends a session's turn says about other sessions. */
function outcomeOf(event: SessionEvent, { onStorageUnavailable }: SessionInput): Outcome {
  switch (event.type) {
    case 'storage.failed':
      // Sessions that continue without the storage can still reach the server when it fails.
      return event.failure.source === 'storage' && onStorageUnavailable === 'request' ? undefined : event.failure;
    case 'tokenRequest.failed':
      return event.failure;
    case 'lease.held':
      return undefined;
    default:
      return null;
  }
}

/** Some servers return the same token again. */
function sharesToken(one: TokenSet, other: TokenSet): boolean {
  return (
    one.accessToken.reveal() === other.accessToken.reveal() ||
    (one.refreshToken !== undefined && one.refreshToken.reveal() === other.refreshToken?.reveal())
  );
}

function closedError(): ConfigurationError {
  return new ConfigurationError('session_closed', 'The session was closed with close(). Make a new one to go on.');
}

/** Returns the promise, rejected early if the signal aborts. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
