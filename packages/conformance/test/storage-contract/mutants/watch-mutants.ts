import { type StorageMutants, tellingOfReleases, versionOf } from './storage-mutant.js';

export const watchMutants: StorageMutants = {
  'calls no watcher': {
    breaks: ['watch.commit', 'watch.release', 'watch.readable', 'watch.own-key', 'watch.stop'],
    mutate: () => ({ watch: () => () => {} }),
  },
  'calls watchers without a version': {
    breaks: ['watch.commit'],
    mutate: (whole) => ({ watch: (key, listener) => whole.watch(key, () => listener(undefined as never)) }),
  },
  'calls watchers after commits alone': {
    breaks: ['watch.release'],
    mutate: (whole) => tellingOfReleases(whole, () => {}),
  },
  'calls watchers with 0 after each release': {
    breaks: ['watch.release'],
    mutate: (whole) => tellingOfReleases(whole, (listener) => listener(0)),
  },
  'calls watchers before it writes': {
    breaks: ['watch.readable'],
    mutate(whole) {
      const listeners: ((version: number) => void)[] = [];
      return {
        async commit(key, request) {
          const seen = versionOf(await whole.read(key));
          if (seen === request.expectedVersion) for (const listener of listeners) listener(seen + 1);
          await Promise.resolve();
          return whole.commit(key, request);
        },
        watch(_, listener) {
          listeners.push(listener);
          return () => {};
        },
      };
    },
  },
  'calls watchers at once': {
    breaks: ['watch.later'],
    mutate(whole) {
      const listeners: (() => void)[] = [];
      return {
        watch(key, listener) {
          listeners.push(() => listener(0));
          return whole.watch(key, listener);
        },
        release(lease) {
          for (const listener of listeners) listener();
          return whole.release(lease);
        },
      };
    },
  },
  'calls the watchers of all keys': {
    breaks: ['watch.own-key'],
    mutate(whole) {
      const listeners = new Set<(version: number) => void>();
      return {
        watch(_, listener) {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          if (reply.outcome === 'committed') for (const listener of listeners) listener(reply.version);
          return reply;
        },
      };
    },
  },
  'goes on calling a watcher that stopped': {
    breaks: ['watch.stop'],
    mutate: (whole) => ({
      watch(key, listener) {
        whole.watch(key, listener);
        return () => {};
      },
    }),
  },
  'stops all watchers when one stops': {
    breaks: ['watch.stop'],
    mutate(whole) {
      const stops: (() => void)[] = [];
      return {
        watch(key, listener) {
          stops.push(whole.watch(key, listener));
          return () => {
            for (const stop of stops) stop();
          };
        },
      };
    },
  },
};
