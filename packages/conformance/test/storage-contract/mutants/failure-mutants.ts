import { StorageError } from '@frameio-auth/core';
import { rewritten, type StorageMutants } from './storage-mutant.js';

export const failureMutants: StorageMutants = {
  'makes a string of any value': {
    breaks: ['error.argument'],
    mutate: (whole) => rewritten(whole, String),
  },
  'fails with other errors than StorageError': {
    breaks: ['error.argument', 'close.after', 'close.during'],
    mutate: (whole) => {
      const plain = () => {
        throw new Error('It failed.');
      };
      return {
        read: (key) => whole.read(key).catch(plain),
        lease: (key, request) => whole.lease(key, request).catch(plain),
        async commit(key, request) {
          await whole.read(key).catch(plain);
          return whole.commit(key, request).catch(plain);
        },
      };
    },
  },
  'shows in its errors what it could not write': {
    breaks: ['error.secret'],
    mutate: (whole) => ({
      commit: (key, request) =>
        whole.commit(key, request).catch(() => {
          throw new StorageError('WRITE_FAILED', `Could not write ${request.value}.`);
        }),
    }),
  },
  'keeps with its errors what it could not write': {
    breaks: ['error.secret'],
    mutate: (whole) => ({
      commit: (key, request) =>
        whole.commit(key, request).catch(() => {
          throw Object.assign(new StorageError('WRITE_FAILED', 'Could not write.'), { cause: { request } });
        }),
    }),
  },
  'stays open': { breaks: ['close.after'], mutate: () => ({ close: async () => {} }) },
  'throws instead of rejecting': {
    breaks: ['close.after'],
    mutate(whole) {
      let closed = false;
      return {
        read(key) {
          if (closed) throw new StorageError('storage_closed', 'It was closed.');
          return whole.read(key);
        },
        close() {
          closed = true;
          return whole.close();
        },
      };
    },
  },
  'never ends the calls that it was closed under': {
    breaks: ['close.during'],
    mutate(whole) {
      let closed = false;
      return {
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          return closed ? new Promise(() => {}) : reply;
        },
        close() {
          closed = true;
          return whole.close();
        },
      };
    },
  },
  'fails when it is closed twice': {
    breaks: ['close.twice'],
    mutate(whole) {
      let closed = false;
      return {
        async close() {
          if (closed) throw new StorageError('storage_closed', 'It was closed.');
          closed = true;
          await whole.close();
        },
      };
    },
  },
  'calls watchers after it was closed': {
    breaks: ['close.watchers'],
    mutate(_, clock) {
      return {
        watch(_key, listener) {
          const timer = clock.setTimeout(() => listener(1), 50);
          return () => clock.clearTimeout(timer);
        },
      };
    },
  },
};
