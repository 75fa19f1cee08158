import { ConfigurationError, errorOf } from '../kernel/errors.js';
import type { Failure } from '../kernel/failure.js';
import type { TokenSet } from '../kernel/token-set.js';
import type { SessionInput } from '../machine/context.js';
import type { SessionEvent, SessionOccurrence } from '../machine/events.js';
import { type MachineSnapshot, transition } from '../machine/transition.js';
import type { Outcome } from './bounded-queue.js';
import { EffectHandlers, type HandledSession } from './effect-handlers.js';
import type { Occurrence } from './event-sink.js';
import type { SessionDependencies } from './session-dependencies.js';
import { SessionNotifications } from './session-notifications.js';
import { hasUsableToken } from './session-snapshot.js';
import { revokeTokens } from './token-requests.js';

interface Watcher {
  readonly condition: (snapshot: MachineSnapshot) => boolean;
  readonly resolve: (snapshot: MachineSnapshot) => void;
}

/**
 * Runs one session: feeds events to the state machine, one after the other, and has the effects carried out that it
 * returns. The machine decides what happens. Operations that begin something new take turns.
 */
export class SessionRunner implements HandledSession {
  readonly key: string;
  readonly dependencies: SessionDependencies;
  readonly notifications: SessionNotifications;
  readonly effects: EffectHandlers;
  readonly #onClosed: () => void;
  #snapshot: MachineSnapshot;
  /** The events to process. Those that occur during the processing of another one wait here. */
  #queue: Occurrence[] = [];
  #isProcessing = false;
  /** The operations that wait for a condition. */
  #watchers: Watcher[] = [];
  /** The operation that began last. */
  #turn: Promise<unknown> | undefined;
  #closed: Promise<void> | undefined;
  #hasEnded = false;

  /** @param onClosed - called when `close()` is done, so that the owner of the sessions can drop this one */
  constructor(key: string, storageKey: string, dependencies: SessionDependencies, onClosed: () => void) {
    this.key = key;
    this.dependencies = dependencies;
    this.#onClosed = onClosed;
    this.#snapshot = dependencies.beginning;
    this.notifications = new SessionNotifications(key, dependencies);
    this.effects = new EffectHandlers(this, storageKey, dependencies, this.notifications);
    dependencies.workload.join();
  }

  get snapshot(): MachineSnapshot {
    return this.#snapshot;
  }

  get isBusy(): boolean {
    return !this.#hasEnded && this.#snapshot.hasTag('busy');
  }

  get isAwaited(): boolean {
    return this.#watchers.length > 0;
  }

  /** Whether `close()` was called. */
  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether the served token may be given to callers now. */
  get isAlive(): boolean {
    return hasUsableToken(this.#snapshot, this.dependencies.clock.now());
  }

  /** Whether there are tokens, and they are not known to be dead. */
  get isAuthenticated(): boolean {
    const { tokens, renewal } = this.#snapshot.context;
    return (
      !this.isClosed && tokens !== null && (renewal === 'client_credentials' || tokens.refreshable || this.isAlive)
    );
  }

  /** Why the record is unknown, if the last read failed. */
  get obstacle(): Failure | null {
    return this.#isRestoring ? this.#snapshot.context.failure : null;
  }

  get #isRestoring(): boolean {
    return this.#snapshot.matches('restoring');
  }

  /** @throws ConfigurationError after `close()`: nothing new may begin */
  assertOpen(): void {
    if (this.isClosed) throw closedError();
  }

  /** Sends an event to the machine. It is bound, because the handlers of effects and the storage call it. */
  readonly send = (event: SessionOccurrence, incoming?: TokenSet): void => {
    if (this.#hasEnded) return;
    this.#queue.push([event, incoming]);
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#process(next);
      this.#queue = []; // A used array keeps its capacity; a new one saves memory.
    } finally {
      this.#isProcessing = false;
    }
  };

  #process([occurrence, incoming]: Occurrence): void {
    const event: SessionEvent = { ...occurrence, now: this.dependencies.clock.now() };
    const before = this.#snapshot;
    const [after, effects] = transition(before, event);
    this.#snapshot = after;
    this.notifications.inspect(event);
    for (const effect of effects) this.effects.carryOut(effect, incoming);
    // A token that an API rejected is fresh by the clock alone: no other caller gets it while it is being refreshed.
    if (after.context.suspect) this.effects.fresh.end();
    this.notifications.announceChange(before, after, event);
    const { record } = this.effects;
    if (!after.hasTag('busy')) record.endRenewal(outcomeOf(event, this.dependencies.input));
    // A hint that arrived during other work was not followed. Follow it now if it is still news.
    if (before.hasTag('busy') && !after.hasTag('busy')) record.repeatHint(after.context.newest);
    this.#resume(({ condition }) => condition(after));
  }

  /**
   * Resolves to the first snapshot for which the condition holds, or to the last one if the session ends before. The
   * condition may no longer hold when the caller resumes.
   */
  async until(condition: (snapshot: MachineSnapshot) => boolean): Promise<MachineSnapshot> {
    if (condition(this.#snapshot) || this.#hasEnded) return this.#snapshot;
    this.effects.hurry();
    return new Promise((resolve) => this.#watchers.push({ condition, resolve }));
  }

  #resume(isDue: (watcher: Watcher) => boolean): void {
    if (this.#watchers.length === 0) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) {
      if (isDue(watcher)) watcher.resolve(this.#snapshot);
      else this.#watchers.push(watcher);
    }
  }

  /** Resolves when no response is pending, so that new work may begin. */
  async rest(): Promise<void> {
    while (this.isBusy) await this.until((snapshot) => !snapshot.hasTag('busy'));
  }

  /**
   * Reads the record at the first use, and again while there are no tokens, because the hint of a sign-in elsewhere may
   * have been lost. What the read started may still be in progress afterwards.
   */
  async read(): Promise<void> {
    const { tokens, renewal } = this.#snapshot.context;
    if (!this.#isRestoring && (tokens !== null || renewal === 'client_credentials')) return;
    this.send({ type: 'session.opened' });
    await this.until(() => !this.effects.record.isPending);
  }

  /**
   * Reads the record, for callers that need its tokens.
   *
   * @throws StorageError if it cannot be read
   */
  async restore(): Promise<void> {
    await this.read();
    if (this.obstacle !== null) throw errorOf(this.obstacle);
  }

  /**
   * Reads the record and waits until nothing is in progress, for operations that may replace an unreadable record.
   *
   * @throws StorageError if the storage cannot be read
   */
  async readAndRest(): Promise<void> {
    this.assertOpen();
    await this.read();
    await this.rest();
    this.assertReplaceable();
    this.assertOpen();
  }

  /** @throws StorageError if the record is unknown, and may not be replaced unread */
  assertReplaceable(): void {
    const { obstacle } = this;
    if (obstacle !== null && obstacle.version === undefined) throw errorOf(obstacle);
  }

  /** Resolves to the tokens, when nothing is in progress. */
  async tokens(): Promise<TokenSet | undefined> {
    this.assertOpen();
    await this.restore();
    await this.rest();
    this.assertOpen();
    return this.effects.vault.served;
  }

  /**
   * Begins new work when nothing is in progress and the record was read, in the order of the calls. The next operation
   * waits for the end of `work`.
   */
  async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const begin = async () => {
      // A caller may have begun a refresh after the last event, so check again. Nothing is awaited between this check
      // and `work()`.
      do await this.readAndRest();
      while (this.isBusy);
      return work();
    };
    const turn = (this.#turn ?? Promise.resolve()).then(begin, begin);
    this.#turn = turn;
    try {
      return await turn;
    } finally {
      if (this.#turn === turn) this.#turn = undefined;
    }
  }

  /**
   * Sends a caller's request for a token and waits for it. The wait begins first, because the outcome may be immediate.
   */
  async request(request: SessionOccurrence, signal?: AbortSignal): Promise<string> {
    this.assertOpen();
    const token = this.effects.callers.wait(signal);
    this.effects.hurry();
    this.send(request);
    return token;
  }

  /** Notes that a sign-in began, or that the user came back without a code, when nothing is in progress. */
  async note(type: 'authorization.started' | 'authorization.denied'): Promise<void> {
    while (this.isBusy) await this.rest();
    this.assertOpen();
    this.send({ type });
  }

  /** Passes in a code or tokens, and waits until they are served. */
  async import(event: SessionOccurrence, incoming?: TokenSet): Promise<void> {
    const outcome = this.effects.waitForImport();
    this.send(event, incoming);
    await outcome;
  }

  /** Ends the session; see `TokenSession.close()`. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const { effects, notifications, dependencies } = this;
    // Work that waits in the queue has not begun, and never does. Work that left the queue may have begun something
    // since the last event.
    while (this.isBusy && !effects.record.isQueued) {
      await this.until((snapshot) => !snapshot.hasTag('busy') || effects.record.isQueued);
    }
    effects.record.withdraw();
    this.#hasEnded = true;
    effects.stop(closedError);
    this.#resume(() => true);
    const lost = await this.#writeOnceMore();
    // The unwritten tokens came from the refresh token in the record, so it is spent. A lease that expires tells the
    // next holder.
    if (lost !== null) effects.record.leaveLease();
    effects.forgetTokens();
    notifications.close();
    await effects.record.close();
    dependencies.workload.leave();
    this.#onClosed();
    // The only copy of a refresh token was in memory, so its loss must be reported.
    if (lost !== null) throw errorOf(lost);
  }

  /**
   * Tries once more to write tokens that the storage did not accept. They may include the only copy of a refresh token.
   */
  async #writeOnceMore(): Promise<Failure | null> {
    const { unwritten, ...known } = this.#snapshot.context;
    const tokens = this.effects.vault.served;
    if (!unwritten || tokens === undefined) return null;
    const outcome = await this.effects.record.writeLast(tokens, known);
    if (outcome === 'revoked') await revokeTokens(this.dependencies.client, tokens);
    return typeof outcome === 'object' && tokens.refreshToken !== undefined ? outcome : null;
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

function closedError(): ConfigurationError {
  return new ConfigurationError(
    'session_closed',
    'The session was closed with close(). Get a new one with session(key), or close it later.',
  );
}
