import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { transportContract } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterAll, describe, it } from 'vitest';

const certificates = getCACertificates();

afterAll(() => setDefaultCACertificates(certificates));

describe.concurrent("fetchTransport over Node's fetch keeps the contract", () => {
  let trusted: string;
  const clauses = transportContract({
    name: 'fetchTransport',
    async create({ authority, ...limits }) {
      if (trusted !== authority) setDefaultCACertificates([...certificates, authority]);
      trusted = authority;
      return { transport: fetchTransport(limits), dispose: async () => {} };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
