import type { Clock } from '../kernel/clock.js';
import { randomFraction, randomText } from '../kernel/entropy.js';
import { ConfigurationError, errorOf, errorOfRefusal, TokenExpiredError } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import { redated, type TokenSet } from '../kernel/token-set.js';
import type { SessionInput } from '../machine/context.js';
import type { Effect, EffectParameters } from '../machine/effects.js';
import type { SessionEvent, SessionOccurrence } from '../machine/events.js';
import { type SessionSnapshot as MachineSnapshot, pathOf, transition } from '../machine/transition.js';
import type { AuthorizationClient } from '../protocol/authorization-client.js';
import type { Outcome } from './bounded-queue.js';
import { Callers } from './callers.js';
import { harmlessly, throwIfAborted } from './calls.js';
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
  /** Stops the waiting; the request that is waited for goes on for the others. */
  readonly signal?: AbortSignal;
  /** The token that an API answered 401 to. If it is still the current one, a new one is asked for. */
  readonly rejected?: string;
}

/** A change of state, as `onStateChange` hears of it. */
export interface StateChange {
  readonly key: string;
  /** The step before, such as `valid.fresh`. */
  readonly from: string;
  readonly to: string;
  readonly snapshot: SessionSnapshot;
}

/** What all sessions of one auth object share. */
export interface SessionSurroundings extends RecordPlace {
  readonly clock: SessionTime;
  /** What the fresh path reads. */
  readonly wallClock: Pick<Clock, 'now'>;
  readonly input: SessionInput;
  readonly workload: Workload;
  /** Where each of them begins. Snapshots never change, so all of them share this one. */
  readonly beginning: MachineSnapshot;
  readonly client: AuthorizationClient;
  readonly coolDown: CoolDown;
  /** The scopes to ask for. */
  readonly scopes: readonly string[];
  readonly inspect?: Inspect;
  readonly onTokenRefreshed?: (tokens: ExportedTokens, key: string) => unknown;
  readonly onStateChange?: (change: StateChange) => unknown;
  readonly reauthentications: Reauthentications;
}

/** No wall clock is this near to any time. */
const NOT_FRESH = -1;

/** A wall clock that is put back by less than this leaves the fresh path open, in milliseconds. */
const FRESH_SLACK = 1_000;

export interface RevocationOptions {
  /**
   * A session whose tokens stay good, such as that of a sign-in that comes in the place of this one. Many servers revoke all
   * that a user has from a client; so where both sessions may be of the same user, the server is not told, and the tokens
   * are only forgotten: `reason` is `would_end_another`. As the profile's `revocationReach` says.
   */
  readonly sparing?: TokenSession;
}

/**
 * One session, running: it hears wishes and answers, has the machine decide, and carries out what it decides. What
 * happens is in the machine; how is here.
 */
export class TokenSession {
  readonly key: string;
  readonly #around: SessionSurroundings;
  readonly #record: SessionRecord;
  readonly #vault = new Vault();
  readonly #callers: Callers;
  readonly #timers: SessionTimers;
  readonly #onClosed: () => void;
  readonly #replica: InspectedReplica | undefined;
  #snapshot: MachineSnapshot;

  // The fresh path: three fields that a token is served from without asking anybody else. The wall clock is as far from
  // the middle of the time in which the token is fresh as that is wide, or farther: once that time has passed, or a sleep,
  // or when the clock was put back. How long the token is fresh on the session's own time, a timer sees to.
  #freshMiddle = 0;
  #freshRadius = NOT_FRESH;
  #ready: Promise<string> | undefined;
  /** On the session's time. */
  #freshUntil = Number.NEGATIVE_INFINITY;
  #used = false;

  // Events are taken one after the other, also those that arise while one is taken.
  #queue: { readonly event: SessionOccurrence; readonly incoming: TokenSet | undefined }[] = [];
  #taking = false;
  #watching: (() => void)[] = [];
  #turn: Promise<unknown> | undefined;

  /** Whoever brought a code or tokens, and waits to hear what became of them. */
  #bringer: Callers | undefined;
  #revocation: RevocationResult = { revokedRemotely: false };
  /** The tokens of another session that the revocation must leave alive. */
  #spared: TokenSet | undefined;
  /** Why the storage still has the tokens that were to be revoked. */
  #revocationFailure: Failure | null = null;
  #listeners: Set<(snapshot: SessionSnapshot) => void> | undefined;
  #closed: Promise<void> | undefined;
  #ended = false;

  /** @param onClosed - called when `close()` is done: whoever keeps sessions lets this one go */
  constructor(key: string, storageKey: string, around: SessionSurroundings, onClosed: () => void) {
    this.key = key;
    this.#onClosed = onClosed;
    this.#around = around;
    this.#record = new SessionRecord(around, around.workload, storageKey, (event, incoming) =>
      this.#send(event, incoming),
    );
    this.#callers = new Callers(around.clock);
    this.#timers = new SessionTimers(around.clock);
    this.#snapshot = around.beginning;
    around.workload.join();
    this.#replica = around.inspect && inspectedReplica(key, around.input, around.inspect);
  }

  /**
   * Resolves to an access token that is good now. A token that is not due for renewal is served at once, without a
   * request, a lock or a read; one that is due and has not expired is served at once too, and renewed meanwhile.
   *
   * @throws AuthenticationError when nobody is signed in, TokenExpiredError when the session is over, and, when there
   *   is no token to serve and none can be had, the TransportError, RateLimitError, ProtocolError, StorageError or
   *   ConfigurationError that says why
   */
  readonly getToken = (options?: GetTokenOptions): Promise<string> => {
    if (options === undefined && Math.abs(this.#around.wallClock.now() - this.#freshMiddle) < this.#freshRadius) {
      this.#used = true;
      return this.#ready as Promise<string>;
    }
    return this.#obtainToken(options);
  };

  /** The access token if there is one that is good now. Never asks anybody, and never throws. */
  readonly peekToken = (): string | undefined => {
    const isFresh = Math.abs(this.#around.wallClock.now() - this.#freshMiddle) < this.#freshRadius;
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
    // Taken now: what is alive at this reading of the clock may be over at the next.
    const token = (this.#vault.served as TokenSet).accessToken.reveal();
    if (!this.#isFresh() && !this.#snapshot.context.wanted) this.#send({ type: 'token.requested' });
    this.#used = true;
    return token;
  }

  /**
   * Renews the token now, whether it is due or not. Joins a renewal that is under way.
   *
   * @throws as `getToken()` does
   */
  async refresh(): Promise<void> {
    this.assertOpen();
    await this.#restore();
    await this.#ask({ type: 'refresh.requested' });
  }

  /**
   * Signs out: tells the server that the tokens are not needed any more (RFC 7009), and forgets them here and in
   * storage, whether the server could be told or not. A record that cannot be read is replaced; the server cannot be
   * told of the tokens in it, and `reason` says why.
   *
   * @throws StorageError when the storage still has the tokens; call it again then
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
   * The tokens in the open, for the application to keep elsewhere; `undefined` when there are none.
   *
   * @throws StorageError when the storage cannot be read
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
   * Takes tokens that were exported, here or by the official SDKs, in the place of the session's own. Bad ones are
   * refused, and the session stays as it was. When the storage does not take them, they are served all the same, the
   * snapshot is `degraded`, and the write is repeated. A record that cannot be read is replaced.
   *
   * @throws ConfigurationError for what cannot be read, TokenExpiredError for tokens that are of no use any more,
   *   StorageError when the storage does not answer, or has a record of a newer version of this package
   */
  async importTokens(tokens: ImportableTokens): Promise<void> {
    this.assertOpen();
    const { clock, wallClock } = this.#around;
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

  /** Whether there are tokens and nothing says that they are dead. `false` before the session was first used. */
  get isAuthenticated(): boolean {
    const { tokens, renewal } = this.#snapshot.context;
    return (
      this.#closed === undefined &&
      tokens !== null &&
      (renewal === 'client_credentials' || tokens.refreshable || this.#isAlive())
    );
  }

  /** How the session stands; free of secrets. */
  get snapshot(): SessionSnapshot {
    const { clock, refreshTokenLifetime } = this.#around;
    return presentSnapshot(this.key, this.#snapshot, refreshTokenLifetime, (time) => clock.onWall(time));
  }

  /** Calls `listener` with the snapshot after each change. One that throws is ignored. */
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void } {
    const subscribed = (snapshot: SessionSnapshot) => listener(snapshot); // Its own, so that one may subscribe twice.
    this.#listeners ??= new Set();
    this.#listeners.add(subscribed);
    return { unsubscribe: () => void this.#listeners?.delete(subscribed) };
  }

  /**
   * Lets go of timers, lease and storage; what the storage holds stays. A request that is under way is waited for and
   * its answer written, because it may hold the only copy of a refresh token; and tokens that the storage did not take
   * are offered to it once more.
   *
   * @throws StorageError when the storage still does not take them; they are gone then
   */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(): Promise<void> {
    // What waits for its turn has not begun, and never does. What had its turn before the closing may have begun
    // something between the rest and the news of it.
    while (this.#isBusy() && !this.#record.isQueued) await this.#nextEvent();
    this.#record.withdraw();
    this.#ended = true;
    this.#timers.stopAll();
    this.#callers.turnAway(closedError);
    this.#bringer?.turnAway(closedError);
    this.#resume();
    const lost = await this.#writeOnceMore();
    // They were bought with the refresh token in the record. A lease that ends by time tells the next holder.
    if (lost !== null) this.#record.leaveLease();
    this.#forget();
    this.#replica?.stop();
    this.#listeners?.clear();
    await this.#record.close();
    this.#around.workload.leave();
    this.#onClosed();
    // The only copy of a refresh token was in memory, so this is not the time to be silent.
    if (lost !== null) throw errorOf(lost);
  }

  #forget(): void {
    this.#vault.forget();
    this.#ready = undefined;
    this.#stale();
  }

  /** Tokens that the storage did not take may be the only copy of a refresh token: one more attempt to write them. */
  async #writeOnceMore(): Promise<Failure | null> {
    const { unwritten, ...known } = this.#snapshot.context;
    const tokens = this.#vault.served;
    if (!unwritten || tokens === undefined) return null;
    const outcome = await this.#record.writeLast(tokens, known);
    if (outcome === 'revoked') await revokeTokens(this.#around.client, tokens);
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

  /** Nobody waits for this, and what fails in it is no reason to refuse who has just signed in. */
  #revokeReplaced(): void {
    const { client } = this.#around;
    const { replaced, served } = this.#vault;
    // Until the new tokens are written, the others are what a crash would leave.
    const isWritten = this.#snapshot.context.unwritten === null;
    if (replaced === undefined || served === undefined || !isWritten || sharesToken(replaced, served)) return;
    if (client.revocationSpares(replaced, served)) harmlessly(() => revokeTokens(client, replaced));
  }

  /**
   * Reads the record and lets end what is under way. Whoever is about to use something up that works once does this
   * first, because it may fail.
   */
  protected async prepare(): Promise<void> {
    this.assertOpen();
    await this.#untilAtRest();
    this.assertOpen();
  }

  /** Notes that a sign-in was begun, or that the user came back without a code. */
  protected async note(event: 'authorization.started' | 'authorization.denied'): Promise<void> {
    await this.prepare();
    this.#send({ type: event });
  }

  /**
   * Renews the tokens if their refresh token is about to expire, and nobody has renewed them since that was found out.
   * Whoever does not use them is not counted as a user, so they are not renewed again when the access token expires.
   *
   * @returns what stood in the way
   */
  protected async keepAlive(): Promise<Failure | null> {
    await this.#read();
    await this.#rest();
    if (this.#closed !== undefined) return null;
    if (this.#obstacle !== null) return this.#obstacle;
    // After a failure there is a pause, whoever asks.
    if (this.#snapshot.matches({ refreshing: 'backingOff' })) return this.#snapshot.context.failure;
    if (!this.#isToBeKeptAlive()) return null;
    this.#send({ type: 'refresh.requested' });
    while (this.#snapshot.context.wanted && !this.#ended) await this.#nextEvent();
    return this.#snapshot.context.failure;
  }

  #isToBeKeptAlive(): boolean {
    const { tokens } = this.#snapshot.context;
    const { refreshTokenLifetime, keepAliveBefore } = this.#around;
    if (!tokens?.refreshable || refreshTokenLifetime === undefined || keepAliveBefore === undefined) return false;
    return this.#around.clock.now() >= refreshTokenEnd(tokens, refreshTokenLifetime) - keepAliveBefore;
  }

  /**
   * Reads the record at the first use, and again while there are no tokens, because the hint of a sign-in elsewhere may
   * have been lost. What the reading led to may still be under way.
   */
  async #read(): Promise<void> {
    const { tokens, renewal } = this.#snapshot.context;
    if (!this.#isRestoring() && (tokens !== null || renewal === 'client_credentials')) return;
    this.#send({ type: 'session.opened' });
    while (this.#record.isAsked && !this.#ended) await this.#nextEvent();
  }

  /** Reads the record, for those who want what is in it. */
  async #restore(): Promise<void> {
    await this.#read();
    if (this.#obstacle !== null) throw errorOf(this.#obstacle);
  }

  /** Reads the record and lets end what is under way, for those who may replace a record that cannot be read. */
  async #untilAtRest(): Promise<void> {
    await this.#read();
    await this.#rest();
    const obstacle = this.#obstacle;
    if (obstacle !== null && obstacle.version === undefined) throw errorOf(obstacle);
  }

  /** The tokens that are served, if the storage does not have them. */
  get #unwritten(): TokenSet | undefined {
    return this.#snapshot.context.unwritten === null ? undefined : this.#vault.served;
  }

  /** Why it is not known what the storage holds, when the last reading failed. */
  get #obstacle(): Failure | null {
    return this.#isRestoring() ? this.#snapshot.context.failure : null;
  }

  #isRestoring(): boolean {
    return this.#snapshot.matches('restoring');
  }

  /** Resolves when no answer is awaited, so that something else may begin. */
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

  /** Somebody waits for what is queued. */
  #hurry(): void {
    this.#record.hurry(this.#around.workload.deadlineOf({ awaited: true }));
  }

  /** By when work that begins now should have its turn. */
  #deadline(): number {
    const { expiresAt } = this.#snapshot.context.tokens ?? {};
    return this.#around.workload.deadlineOf({
      awaited: this.#callers.areWaiting || this.#watching.length > 0,
      ...(expiresAt != null && { expiresIn: expiresAt - this.#around.clock.now() }),
    });
  }

  /** Begins something new when nothing is under way, in the order of the calls. */
  async #inTurn<Result>(begin: () => Promise<Result>): Promise<Result> {
    const whenAtRest = async () => {
      this.assertOpen();
      // A caller may have begun a renewal between the rest and the news of it, so this asks again; and from here to the
      // beginning nothing is awaited.
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

  /** Waits for what comes of a wish. The wait begins first, because the answer may come at once. */
  async #ask(wish: SessionOccurrence, signal?: AbortSignal): Promise<string> {
    this.assertOpen();
    const answer = this.#callers.wait(signal);
    this.#hurry();
    this.#send(wish);
    return answer;
  }

  /** Hands over a code or tokens, and waits to hear what became of them: not what becomes of those who only ask. */
  async #bring(event: SessionOccurrence, incoming?: TokenSet): Promise<void> {
    this.#bringer ??= new Callers(this.#around.clock);
    const outcome = this.#bringer.wait();
    this.#send(event, incoming);
    await outcome;
  }

  /** @throws ConfigurationError once `close()` was called: nothing new begins then */
  protected assertOpen(): void {
    if (this.#closed !== undefined) throw closedError();
  }

  #isAlive(): boolean {
    const { tokens, suspect } = this.#snapshot.context;
    // What is being given up is nobody's any more, also where it came back from a storage that lost its last writes.
    if (this.#snapshot.matches('revoking')) return false;
    return tokens !== null && !suspect && (tokens.expiresAt === null || this.#around.clock.now() < tokens.expiresAt);
  }

  #isFresh(): boolean {
    if (this.#around.clock.now() >= this.#freshUntil) return false;
    this.#openFreshPath(); // The wall clock was put back, or the caller came by another way.
    return true;
  }

  #openFreshPath(): void {
    const { clock, wallClock } = this.#around;
    const [from, until] = [wallClock.now() - FRESH_SLACK, clock.onWall(this.#freshUntil)];
    this.#freshMiddle = (from + until) / 2;
    this.#freshRadius = (until - from) / 2;
  }

  #stale(): void {
    this.#freshUntil = Number.NEGATIVE_INFINITY;
    this.#freshRadius = NOT_FRESH;
  }

  /** Tokens as the application keeps them: with the times of its own clock. */
  #exported(tokens: TokenSet): ExportedTokens {
    return exportTokens(redated(tokens, this.#around.clock.onWall(0)));
  }

  /** Hands an event to the machine, and with it the tokens that it is about, which the machine must not see. */
  #send(event: SessionOccurrence, incoming?: TokenSet): void {
    if (this.#ended) return;
    this.#queue.push({ event, incoming });
    if (this.#taking) return;
    this.#taking = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#take(next.event, next.incoming);
      }
      this.#queue = []; // An array that was used keeps its space.
    } finally {
      this.#taking = false;
    }
  }

  #take(occurrence: SessionOccurrence, incoming: TokenSet | undefined): void {
    const event: SessionEvent = { ...occurrence, now: this.#around.clock.now() };
    const before = this.#snapshot;
    const [after, effects] = transition(before, event);
    this.#snapshot = after;
    this.#replica?.send(event);
    for (const effect of effects) this.#carryOut(effect, incoming);
    // What an API refused is fresh by the clock alone: nobody else gets it while its renewal is under way.
    if (after.context.suspect) this.#stale();
    this.#tell(before, after);
    this.#tellOfEnd(before, after, event);
    // What comes next, such as a service's new sign-in, is not the revocation's affair.
    if (before.matches('revoking') && !after.matches('revoking')) this.#revocationFailure = after.context.failure;
    if (!after.hasTag('busy')) this.#record.endRenewal(outcomeOf(event, this.#around.input));
    // A hint that came while something was under way was not followed; it is now, if it is still news.
    if (before.hasTag('busy') && !after.hasTag('busy')) this.#record.repeatHint(after.context.newest);
    this.#resume();
  }

  /** Lets those go on who wait for the next event. */
  #resume(): void {
    if (this.#watching.length === 0) return;
    const watching = this.#watching;
    this.#watching = [];
    for (const resume of watching) resume();
  }

  #tell(before: MachineSnapshot, after: MachineSnapshot): void {
    const { onStateChange } = this.#around;
    if (this.#listeners?.size && looksDifferent(before, after)) {
      for (const listener of this.#listeners) harmlessly(() => listener(this.snapshot));
    }
    if (onStateChange === undefined) return;
    const [from, to] = [pathOf(before), pathOf(after)];
    if (from !== to) harmlessly(() => onStateChange({ key: this.key, from, to, snapshot: this.snapshot }));
  }

  /**
   * Tells that the user must sign in again, when this instance was told by the server that it is so, and not when it only
   * reads it: of all that share the record, one tells.
   */
  #tellOfEnd(before: MachineSnapshot, after: MachineSnapshot, { type, now }: SessionEvent): void {
    if (type !== 'commit.succeeded' && type !== 'tokenRequest.failed') return;
    const { clock, reauthentications, refreshTokenLifetime = 0 } = this.#around;
    const tell = (by: number, reason: ReauthenticationReason) =>
      reauthentications.tell({ key: this.key, by: clock.onWall(by), reason }, clock.onWall(now));
    if (after.matches('expired') && !before.matches('expired')) {
      tell(now, 'session_ended');
      return;
    }
    const end = unavoidableEnd(after.context, this.#around.refreshTokenLifetime);
    if (end === undefined) return;
    const { keepAliveBefore = defaultKeepAliveBefore(refreshTokenLifetime) } = this.#around;
    // A server's mind, or its configuration, may change before it matters; that there is no refresh token will not.
    if (end.reason !== 'no_refresh_token' && now < end.by - keepAliveBefore) return;
    tell(end.by, end.reason);
  }

  /** What the machine decided, done. No effect may throw: what fails comes back as an event. */
  #carryOut(effect: Effect, incoming: TokenSet | undefined): void {
    switch (effect.type) {
      case 'readRecord':
        this.#around.coolDown.begin();
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
      case 'confirmTokens':
        this.#bringer?.serve('');
        break;
      case 'refuseTokens':
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
        this.#callers.turnAway(() => errorOfRefusal(effect.params.refusal));
        break;
    }
  }

  /** Tokens that were just received are written at once; those that the storage did not take wait for their turn. */
  #commitTokens({ expectedVersion }: EffectParameters['commitTokens']): void {
    const tokens = (this.#vault.held ?? this.#vault.served) as TokenSet;
    this.#record.commitTokens(tokens, expectedVersion, this.#isBusy() ? undefined : this.#deadline());
  }

  async #requestToken({ grant }: EffectParameters['requestToken']): Promise<void> {
    const { client, clock, coolDown } = this.#around;
    // A code does not live long, and its user is waiting, so it is exchanged all the same.
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
    // Anybody can have a code refused, so what comes of one is no reason for others to wait.
    if (grant !== 'authorization_code') coolDown.note(outcome.failure);
    this.#send({ type: 'tokenRequest.failed', failure: outcome.failure });
  }

  /** A name for a sign-in, by which its tokens are known again after renewals. */
  #newSignIn(): string {
    return randomText(this.#around.entropy, 9);
  }

  /** The machine asks for a grant only when the vault has what it takes. */
  #requestOf(grant: EffectParameters['requestToken']['grant']): TokenRequest {
    switch (grant) {
      case 'client_credentials':
        return { grant, scopes: this.#around.scopes };
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
    const { onTokenRefreshed } = this.#around;
    const tokens = this.#vault.served;
    if (onTokenRefreshed && tokens) harmlessly(() => onTokenRefreshed(this.#exported(tokens), this.key));
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
    const { client } = this.#around;
    const spared = this.#spared;
    if (spared !== undefined && (sharesToken(tokens, spared) || !client.revocationSpares(tokens, spared))) {
      return { revokedRemotely: false, reason: 'would_end_another' };
    }
    return revokeTokens(client, tokens);
  }

  #startTimer({ timer, ...window }: EffectParameters['startTimer']): void {
    const { tokens } = this.#snapshot.context;
    const { notBefore, notAfter } =
      timer === 'refresh' && tokens ? this.#around.workload.widen(window, tokens) : window;
    const at = notBefore + (notAfter - notBefore) * randomFraction(this.#around.entropy);
    const delay = at - this.#around.clock.now();
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

  /** The machine serves callers only when the vault has what to serve them with. */
  #serveCallers(): void {
    const token = (this.#vault.served as TokenSet).accessToken.reveal();
    if (this.#callers.serve(token)) this.#used = true;
  }
}

/** What an event that ends a session's turn says about the turns of others. */
function outcomeOf(event: SessionEvent, { onStorageUnavailable }: SessionInput): Outcome {
  switch (event.type) {
    case 'storage.failed':
      // Sessions that go on without the storage are not kept from the server by its failures.
      return event.failure.source === 'storage' && onStorageUnavailable === 'request' ? undefined : event.failure;
    case 'tokenRequest.failed':
      return event.failure;
    case 'lease.held':
      return undefined;
    default:
      return null;
  }
}

/** Some servers give out the same token again. */
function sharesToken(one: TokenSet, other: TokenSet): boolean {
  return (
    one.accessToken.reveal() === other.accessToken.reveal() ||
    (one.refreshToken !== undefined && one.refreshToken.reveal() === other.refreshToken?.reveal())
  );
}

function closedError(): ConfigurationError {
  return new ConfigurationError('session_closed', 'The session was closed with close(). Make a new one to go on.');
}

/** A promise that is waited for no longer than the signal allows. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
