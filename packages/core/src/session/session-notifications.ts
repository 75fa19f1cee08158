import type { SessionEvent } from '../machine/events.js';
import { type MachineSnapshot, pathOf } from '../machine/transition.js';
import { ignoreErrors } from './calls.js';
import type { ExportedTokens } from './exported-tokens.js';
import { type InspectedReplica, inspectedReplica } from './inspected-replica.js';
import { defaultKeepAliveBefore, type ReauthenticationReason, unavoidableEnd } from './refresh-token-life.js';
import type { SessionDependencies } from './session-dependencies.js';
import { looksDifferent, presentSnapshot, type SessionSnapshot } from './session-snapshot.js';

type Listener = (snapshot: SessionSnapshot) => void;

/** Tells the application what happens to one session. What its handlers throw is ignored. */
export class SessionNotifications {
  readonly #key: string;
  readonly #dependencies: SessionDependencies;
  readonly #replica: InspectedReplica | undefined;
  #listeners: Set<Listener> | undefined;

  constructor(key: string, dependencies: SessionDependencies) {
    this.#key = key;
    this.#dependencies = dependencies;
    this.#replica = dependencies.inspect && inspectedReplica(key, dependencies.input, dependencies.inspect);
  }

  subscribe(listener: Listener): { unsubscribe(): void } {
    const subscribed: Listener = (snapshot) => listener(snapshot); // A new function each time, so that one listener may subscribe twice.
    this.#listeners ??= new Set();
    this.#listeners.add(subscribed);
    return { unsubscribe: () => void this.#listeners?.delete(subscribed) };
  }

  /** Returns a snapshot as applications see it. */
  present(snapshot: MachineSnapshot): SessionSnapshot {
    const { clock, refreshTokenLifetime } = this.#dependencies;
    return presentSnapshot(this.#key, snapshot, refreshTokenLifetime, clock);
  }

  /** Tells the inspector of an event, before its effects are carried out. */
  inspect(event: SessionEvent): void {
    this.#replica?.send(event);
  }

  /** Announces new tokens that this session received. */
  announce(tokens: () => ExportedTokens): void {
    const { onTokenRefreshed } = this.#dependencies;
    if (onTokenRefreshed !== undefined) ignoreErrors(() => onTokenRefreshed(tokens(), this.#key));
  }

  /** Announces what an event changed. */
  announceChange(before: MachineSnapshot, after: MachineSnapshot, event: SessionEvent): void {
    const { onStateChange } = this.#dependencies;
    if (this.#listeners?.size && looksDifferent(before, after)) {
      for (const listener of this.#listeners) ignoreErrors(() => listener(this.present(after)));
    }
    if (onStateChange !== undefined) {
      const [from, to] = [pathOf(before), pathOf(after)];
      if (from !== to) {
        ignoreErrors(() => onStateChange({ key: this.#key, from, to, snapshot: this.present(after) }));
      }
    }
    this.#announceEnd(before, after, event);
  }

  close(): void {
    this.#replica?.stop();
    this.#listeners?.clear();
  }

  /**
   * Announces that the user must sign in again, if the server told this instance so. Instances that only read it from
   * the record stay silent, so it is announced once.
   */
  #announceEnd(before: MachineSnapshot, after: MachineSnapshot, { type, now }: SessionEvent): void {
    if (type !== 'commit.succeeded' && type !== 'tokenRequest.failed') return;
    const { clock, reauthentications, refreshTokenLifetime = 0 } = this.#dependencies;
    const tell = (by: number, reason: ReauthenticationReason) =>
      reauthentications.tell({ key: this.#key, by: clock.onWall(by), reason }, clock.onWall(now));
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
}
