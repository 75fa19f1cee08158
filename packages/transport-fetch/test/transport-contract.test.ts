import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { transportContract } from '@frameio-auth/conformance';
import type { Transport } from '@frameio-auth/core/adapter';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { Agent, fetch } from 'undici';
import { afterAll, describe, expect, it } from 'vitest';

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

describe.concurrent("fetchTransport over undici's fetch, which speaks HTTP/2, keeps the contract", () => {
  const clauses = transportContract({
    name: 'fetchTransport with the fetch of undici',
    async create({ authority, ...limits }) {
      const dispatcher = new Agent({ connect: { ca: authority }, allowH2: true });
      // undici declares its own types for the platform's.
      const ask = fetch as unknown as (url: string, init: object) => Promise<Response>;
      const transport = fetchTransport({ ...limits, fetch: (url, init) => ask(url, { ...init, dispatcher }) });
      return { transport, dispose: () => dispatcher.close() };
    },
  });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});

describe.concurrent('over a fetch that keeps answers unless told not to, as some frameworks have it', () => {
  const kept = new Map<string, Response>();
  const caching = async (url: string, init: RequestInit): Promise<Response> => {
    if (init.cache === 'no-store') return globalThis.fetch(url, init);
    const key = JSON.stringify([init.method, url, init.body]);
    const answer = kept.get(key) ?? (await globalThis.fetch(url, init));
    kept.set(key, answer);
    return answer.clone();
  };
  it.each<[string, Transport]>([
    ['fetchTransport keeps nothing', fetchTransport({ fetch: caching })],
    ['a bare fetch keeps nothing', caching as Transport],
  ])('%s', async (name, transport) => {
    const create = async () => ({ transport, dispose: async () => {} });
    await transportContract({ name, create })
      .find(({ id }) => id === 'answer.fresh')
      ?.check();
    expect(kept.size).toBe(0);
  });
});
