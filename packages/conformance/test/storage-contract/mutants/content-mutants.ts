import type { StoredRecord } from '@frameio-auth/core/adapter';
import { rekeyed, rewritten, type StorageMutants, withoutRecord } from './storage-mutant.js';

export const contentMutants: StorageMutants = {
  'files keys without their separators': {
    breaks: ['key.any'],
    mutate: (whole) => rekeyed(whole, (key) => key.replaceAll(/[^\w-]/g, '_')),
  },
  'takes keys for names of members': {
    breaks: ['key.any'],
    mutate(whole) {
      const members: Record<string, StoredRecord> = {};
      return {
        async read(key) {
          const { now } = await whole.read(key);
          const record = members[key];
          return record === undefined ? { now } : { record, now };
        },
        async commit(key, request) {
          const reply = await whole.commit(key, request);
          if (reply.outcome === 'committed') members[key] = { value: request.value, version: reply.version };
          return reply;
        },
      };
    },
  },
  'files keys in lower case': { breaks: ['key.exact'], mutate: (whole) => rekeyed(whole, (key) => key.toLowerCase()) },
  'files keys normalized': { breaks: ['key.exact'], mutate: (whole) => rekeyed(whole, (key) => key.normalize()) },
  'files keys by their first 255 characters': {
    breaks: ['key.long'],
    mutate: (whole) => rekeyed(whole, (key) => key.slice(0, 255)),
  },
  'files keys by a short hash': {
    breaks: ['key.many'],
    mutate: (whole) =>
      rekeyed(whole, (key) => String([...key].reduce((sum, character) => sum + character.charCodeAt(0), 0))),
  },
  'files keys as UTF-8': {
    breaks: ['key.ill-formed'],
    mutate: (whole) => rekeyed(whole, (key) => Buffer.from(key).toString()),
  },
  'keeps values as UTF-8': {
    breaks: ['value.ill-formed'],
    mutate: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? Buffer.from(value).toString() : value)),
  },
  'ends values at NUL': {
    breaks: ['value.verbatim'],
    mutate: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? (value.split('\0')[0] ?? '') : value)),
  },
  'takes an empty value for none': {
    breaks: ['value.verbatim'],
    mutate: (whole) => ({
      async read(key) {
        const reading = await whole.read(key);
        return reading.record?.value === '' ? withoutRecord(reading) : reading;
      },
    }),
  },
  'keeps 64 kilobytes of a value': {
    breaks: ['value.large'],
    mutate: (whole) => rewritten(whole, (value) => (typeof value === 'string' ? value.slice(0, 65_536) : value)),
  },
};
