import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** Where the provider keeps what it knows: in memory, without a word of warning that it is not for production. */
export function recordsInMemory(): AdapterFactory {
  const records = new Map<string, AdapterPayload>();

  return (model): Adapter => ({
    async upsert(id, payload) {
      records.set(`${model}/${id}`, payload);
    },
    find: async (id) => records.get(`${model}/${id}`),
    findByUid: async (uid) => [...records.values()].find((payload) => payload.kind === model && payload.uid === uid),
    findByUserCode: async () => undefined,
    async consume(id) {
      const record = records.get(`${model}/${id}`);
      if (record) record.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      records.delete(`${model}/${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, payload] of records) {
        if (key.startsWith(`${model}/`) && payload.grantId === grantId) records.delete(key);
      }
    },
  });
}
