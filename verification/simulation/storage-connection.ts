import { type KnownErrorCode, StorageError } from '@frameio-auth/core';
import {
  assertCommitRequest,
  assertDueRequest,
  assertKey,
  assertLeaseRequest,
  type StoredRecord,
  startDeadline,
  type TokenStorage,
} from '@frameio-auth/core/adapter';
import type { ActiveFaults } from './active-faults.ts';
import type { Chance } from './chance.ts';
import type { History, Holding, StorageCall } from './history.ts';
import { OfferedCommits } from './offered-commits.ts';
import type { Span } from './plan.ts';
import type { Receiver } from './receiver.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface StorageRoute {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: ActiveFaults;
  readonly history: History;
  readonly storage: SimulatedStorage;
  readonly latency: Span;
  readonly hintLatency: Span;
  /** How long to wait for a reply, in milliseconds. */
  readonly timeout: number;
  /**
   * Mutants, see {@link OfferedCommits}; and that sessions are not told when the storage may have lost data.
   */
  readonly offersSuperseded?: boolean;
  readonly hidesLosses?: boolean;
}

/** How long a connection takes to reconnect, in milliseconds. */
const RECONNECTION = [0, 2_000] as const;

/** How soon watchers learn that the storage may have lost data, in milliseconds. */
const LOSS_NOTICE = 1_000;

/** The longest delay of a hint, in milliseconds. */
const LATEST_HINT = 60_000;

/**
 * Creates one instance's connection to the storage: each call is a message there and one back, and either may be lost
 * or late. A call that did not arrive, and one with a lost reply, reject in the same way.
 */
export function storageConnection(route: StorageRoute, receiver: Receiver): TokenStorage {
  const { time, chance, faults, history, storage, latency, timeout } = route;
  const { name: who, place } = receiver;
  const subscriptions = new Set<() => void>();
  /** The callbacks that notify the watchers of a key. */
  const watchers = new Map<string, Set<() => void>>();
  const commits = new OfferedCommits({
    receiver,
    offersSuperseded: route.offersSuperseded === true,
    isWatched: (key) => (watchers.get(key)?.size ?? 0) > 0,
    offer: (key, record, anew) => ask('restore', key, () => storage.restore(key, record, anew)),
  });
  const disconnect = storage.connect((away) =>
    time.after(chance.within(`reconnection ${place}`, time.now, RECONNECTION), () =>
      receiver.deliver('message', () => {
        if (closed) return;
        commits.offerAgain(away);
        if (!route.hidesLosses) for (const notify of [...watchers.values()].flatMap((each) => [...each])) notify();
      }),
    ),
  );
  let closed = false;
  let questions = 0;

  function assertOpen(): void {
    if (closed) throw new StorageError('storage_closed', 'The simulated storage was closed.');
  }

  function ask<Reply>(call: StorageCall, key: string, action: () => Reply): Promise<Reply> {
    assertOpen();
    questions += 1;
    const question = questions;
    const asked = history.now;
    const about = { who, question, call, record: recordNameOf(key) };
    return new Promise((resolve, reject) => {
      let waiting = true;
      const giveUp = (code: KnownErrorCode) => () => {
        if (!waiting) return;
        waiting = false;
        history.note({ kind: 'storage silent', ...about, code });
        reject(new StorageError(code, 'The simulated storage did not answer.'));
      };
      const effect = faults.effectOn('storage', place);
      const delay = (way: string) =>
        chance.within(`storage ${way} ${place}`, time.now, latency) +
        (effect === 'slow' ? chance.within(`slow storage ${way} ${place}`, time.now, [0, 2 * timeout]) : 0);
      if (effect === 'refused') {
        time.after(delay('there'), () => receiver.deliver('message', giveUp('ECONNREFUSED')));
        return;
      }
      const cancelDeadline = startDeadline(timeout, giveUp('timeout'), receiver.clock);
      if (effect === 'request lost') return;
      time.after(delay('there'), () => {
        if (faults.storageIsDown) return;
        const before = holdingOf(storage.read(key).record);
        const reply = action();
        const now = storage.read(key).record;
        const [after, version] = [holdingOf(now), now?.version ?? 0];
        history.note({ kind: 'storage did', ...about, outcome: outcomeOf(reply), version, before, after });
        if (effect === 'answer lost') return;
        time.after(delay('back'), () =>
          receiver.deliver('message', () => {
            if (!waiting) return;
            waiting = false;
            cancelDeadline();
            history.note({ kind: 'storage answered', ...about, asked });
            commits.observe(key, version);
            resolve(reply);
          }),
        );
      });
    });
  }

  function hint(key: string, listener: (version: number) => void, version: number): void {
    const { hints, storageIsDown } = faults;
    const effect = faults.effectOn('storage', place);
    if (storageIsDown || hints === 'lost' || (effect !== undefined && effect !== 'slow')) return;
    const delay = (which: string) =>
      chance.within(`hint ${place}`, time.now, route.hintLatency) +
      (hints === 'late' ? chance.within(`${which} hint ${place}`, time.now, [0, LATEST_HINT]) : 0);
    for (const which of hints === 'twice' ? ['first', 'second'] : ['first']) {
      time.after(delay(which), () =>
        receiver.deliver('message', () => {
          history.note({ kind: 'hinted', who, record: recordNameOf(key), version });
          commits.observe(key, version);
          listener(version);
        }),
      );
    }
  }

  return {
    async read(key) {
      assertKey(key);
      return ask('read', key, () => storage.read(key));
    },
    async lease(key, request) {
      assertKey(key);
      assertLeaseRequest(request);
      return ask('lease', key, () => storage.lease(key, request));
    },
    async renew(lease) {
      return ask('renew', lease.key, () => storage.renew(lease));
    },
    async release(lease) {
      await ask('release', lease.key, () => storage.release(lease));
    },
    async commit(key, request) {
      assertKey(key);
      assertCommitRequest(request);
      const { value, expiresAt = Infinity, dueAt = Infinity } = request;
      let base = 0;
      commits.observe(key, Infinity); // The writer has something newer, whatever the outcome.
      const reply = await ask('commit', key, () => {
        base = storage.lastVersionOf(key);
        return storage.commit(key, request);
      });
      if (reply.outcome === 'committed' && !closed) {
        commits.add(key, { value, version: reply.version, base, expiresAt, dueAt });
      }
      return reply;
    },
    async due(request) {
      assertDueRequest(request);
      return ask('due', request.prefix, () => storage.due(request));
    },
    watch(key, listener) {
      assertKey(key);
      assertOpen();
      let watching = true;
      const unwatch = storage.watch(key, (version) =>
        hint(
          key,
          (hinted) => {
            if (watching && !closed) listener(hinted);
          },
          version,
        ),
      );
      const notifyOfLoss = () => {
        receiver.clock.setTimeout(
          () => {
            if (!watching || closed) return;
            history.note({ kind: 'hinted', who, record: recordNameOf(key), version: 0 });
            listener(0);
          },
          chance.within(`told of loss ${place}`, time.now, [0, LOSS_NOTICE]),
        );
      };
      const notified = watchers.get(key) ?? new Set();
      watchers.set(key, notified.add(notifyOfLoss));
      const unsubscribe = () => {
        watching = false;
        notified.delete(notifyOfLoss);
        unwatch();
        subscriptions.delete(unsubscribe);
      };
      subscriptions.add(unsubscribe);
      return unsubscribe;
    },
    async close() {
      closed = true;
      disconnect();
      commits.close();
      for (const unsubscribe of [...subscriptions]) unsubscribe();
    },
  };
}

function outcomeOf(reply: unknown): string {
  if (typeof reply === 'boolean') return reply ? 'done' : 'too late';
  if (typeof reply === 'string') return reply;
  if (typeof reply !== 'object' || reply === null || !('outcome' in reply)) return 'done';
  return 'abandoned' in reply && reply.abandoned === true ? 'granted after an abandoned one' : String(reply.outcome);
}

/** Returns the part of a record's key that is unique within a client: the session's own key, or `cool-down`. */
export function recordNameOf(key: string): string {
  return /\/session\/([^/]*)/.exec(key)?.[1] ?? key.slice(key.lastIndexOf('/') + 1);
}

/** Records never change, so each is read once. */
const holdings = new WeakMap<StoredRecord, Holding>();

export function holdingOf(record: StoredRecord | undefined): Holding {
  if (record === undefined) return { status: 'absent' };
  let holding = holdings.get(record);
  if (holding === undefined) {
    holding = read(record.value);
    holdings.set(record, holding);
  }
  return holding;
}

/** Reads the session's own format; for any other, says only that there is a value. */
function read(value: string): Holding {
  let body: { status?: string; accessToken?: string; refreshToken?: string; ending?: { cause?: string } };
  try {
    body = JSON.parse(value) ?? {};
  } catch {
    return { status: 'tokens', accessToken: '?' };
  }
  if (body.status === 'revoked') return { status: 'revoked' };
  if (body.status === 'expired') return { status: 'expired', cause: body.ending?.cause ?? '?' };
  const { accessToken = '?', refreshToken } = body;
  return { status: 'tokens', accessToken, ...(refreshToken !== undefined && { refreshToken }) };
}
