import {
  assertCommitRequest,
  assertDueRequest,
  assertKey,
  assertLeaseRequest,
  StorageError,
  type StoredRecord,
  type TokenStorage,
} from '@frameio-auth/core';
import type { History, Holding, StorageCall } from './history.ts';
import type { Span } from './plan.ts';
import type { Chance } from './random-numbers.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weather } from './weather.ts';

/** Where messages arrive: an instance, which may be dead or stand still. */
export interface Receiver {
  readonly name: string;
  readonly place: number;
  /** Runs something there, as soon as it can be run there; never, if the receiver is dead. */
  deliver(kind: 'timer' | 'message', run: () => void): void;
}

export interface StorageRoute {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly history: History;
  readonly storage: SimulatedStorage;
  readonly latency: Span;
  readonly hintLatency: Span;
  /** Milliseconds until an answer is given up. */
  readonly timeout: number;
}

/** Late hints are this late at most, in milliseconds. */
const LATEST_HINT = 60_000;

/**
 * One instance's way to the storage: each call is a message there and one back, and either may be lost or late. A call
 * that was not heard, and one whose answer was not, reject alike.
 */
export function storageConnection(route: StorageRoute, receiver: Receiver): TokenStorage {
  const { time, chance, weather, history, storage, latency, timeout } = route;
  const { name: who, place } = receiver;
  const subscriptions = new Set<() => void>();
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
      const giveUp = (code: string) => () => {
        if (!waiting) return;
        waiting = false;
        history.note({ kind: 'storage silent', ...about, code });
        reject(new StorageError(code, 'The simulated storage did not answer.'));
      };
      const effect = weather.strike('storage', place);
      const delay = (way: string) =>
        chance.within(`storage ${way} ${place}`, time.now, latency) +
        (effect === 'slow' ? chance.within(`slow storage ${way} ${place}`, time.now, [0, 2 * timeout]) : 0);
      if (effect === 'refused') {
        time.after(delay('there'), () => receiver.deliver('message', giveUp('unreachable')));
        return;
      }
      const timer = time.after(timeout, () => receiver.deliver('timer', giveUp('timeout')));
      if (effect === 'request lost') return;
      time.after(delay('there'), () => {
        if (weather.storageIsAway) return;
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
            time.cancel(timer);
            history.note({ kind: 'storage answered', ...about, asked });
            resolve(reply);
          }),
        );
      });
    });
  }

  function hint(listener: (version: number) => void, version: number): void {
    const { hints, storageIsAway } = weather;
    const effect = weather.strike('storage', place);
    if (storageIsAway || hints === 'lost' || (effect !== undefined && effect !== 'slow')) return;
    const delay = (which: string) =>
      chance.within(`hint ${place}`, time.now, route.hintLatency) +
      (hints === 'late' ? chance.within(`${which} hint ${place}`, time.now, [0, LATEST_HINT]) : 0);
    for (const which of hints === 'twice' ? ['first', 'second'] : ['first']) {
      time.after(delay(which), () =>
        receiver.deliver('message', () => {
          history.note({ kind: 'hinted', who, version });
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
      return ask('commit', key, () => storage.commit(key, request));
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
        hint((hinted) => {
          if (watching && !closed) listener(hinted);
        }, version),
      );
      const unsubscribe = () => {
        watching = false;
        unwatch();
        subscriptions.delete(unsubscribe);
      };
      subscriptions.add(unsubscribe);
      return unsubscribe;
    },
    async close() {
      closed = true;
      for (const unsubscribe of [...subscriptions]) unsubscribe();
    },
  };
}

function outcomeOf(reply: unknown): string {
  if (typeof reply === 'boolean') return reply ? 'done' : 'too late';
  if (typeof reply !== 'object' || reply === null || !('outcome' in reply)) return 'done';
  return 'abandoned' in reply && reply.abandoned === true ? 'granted after an abandoned one' : String(reply.outcome);
}

/** What a record is of, by the part of its key that differs within a client: the session's own key, or `cool-down`. */
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

/** What a value says. It is the session's own format; of any other only that there is something. */
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
