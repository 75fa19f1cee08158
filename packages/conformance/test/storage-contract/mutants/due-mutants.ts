import { dueAtAnother, listing, type StorageMutants } from './storage-mutant.js';

export const dueMutants: StorageMutants = {
  'lists nothing as due': {
    breaks: ['due.lists', 'due.stays', 'due.many'],
    mutate: (whole) => ({ due: async (request) => ({ ...(await whole.due(request)), keys: [] }) }),
  },
  'lists what is due a second early': {
    breaks: ['due.not-yet'],
    mutate: (whole) => dueAtAnother(whole, (at) => at - 1_000),
  },
  'lists the latest first': {
    breaks: ['due.order', 'due.prefix'],
    mutate: (whole) => listing(whole, (keys) => keys.toReversed()),
  },
  'lists one more than was asked for': {
    breaks: ['due.limit'],
    mutate: (whole) => ({ due: ({ prefix, limit }) => whole.due({ prefix, limit: limit + 1 }) }),
  },
  'looks for prefixes without regard to case': {
    breaks: ['due.prefix'],
    mutate: (whole) => ({
      async due({ prefix, limit }) {
        const { keys, now } = await whole.due({ prefix: '', limit: Number.MAX_SAFE_INTEGER });
        const alike = keys.filter((key) => key.toLowerCase().startsWith(prefix.toLowerCase()));
        return { keys: alike.slice(0, limit), now };
      },
    }),
  },
  'keeps to the first `dueAt` of a record': {
    breaks: ['due.anew', 'due.forgotten'],
    mutate(whole) {
      const first = new Map<string, number>();
      return {
        commit(key, request) {
          const dueAt = first.get(key) ?? request.dueAt;
          if (dueAt !== undefined) first.set(key, dueAt);
          return whole.commit(key, dueAt === undefined ? request : { ...request, dueAt });
        },
      };
    },
  },
  'takes a record from the list when it is leased': {
    breaks: ['due.stays'],
    mutate(whole) {
      const leased = new Set<string>();
      return {
        lease(key, request) {
          leased.add(key);
          return whole.lease(key, request);
        },
        ...listing(whole, (keys) => keys.filter((key) => !leased.has(key))),
      };
    },
  },
  'lists what was forgotten': {
    breaks: ['due.forgotten'],
    mutate(whole) {
      const listed = new Set<string>();
      return {
        commit(key, request) {
          if (request.dueAt !== undefined) listed.add(key);
          return whole.commit(key, request);
        },
        ...listing(whole, (keys) => [...new Set([...keys, ...listed])]),
      };
    },
  },
  'lists keys as a URL has them': {
    breaks: ['due.keys'],
    mutate: (whole) => listing(whole, (keys) => keys.map(encodeURI)),
  },
  'lists no more than a hundred': {
    breaks: ['due.many'],
    mutate: (whole) => listing(whole, (keys) => keys.slice(0, 100)),
  },
};
