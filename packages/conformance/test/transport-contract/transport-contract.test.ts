import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type TransportSettings, transportContract } from '@frameio-auth/conformance';
import { TransportError } from '@frameio-auth/core';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { mutants } from './mutants/index.js';

const certificates = getCACertificates();
let trusted: string;

afterAll(() => setDefaultCACertificates(certificates));

/** Returns a working transport, over the platform's `fetch`, which from now on trusts the servers of the contract. */
function wholeTransport({ authority, ...limits }: TransportSettings) {
  if (trusted !== authority) setDefaultCACertificates([...certificates, authority]);
  trusted = authority;
  return fetchTransport(limits);
}

const dispose = async (): Promise<void> => {};

describe('the transport contract', () => {
  const create = async (settings: TransportSettings) => ({ transport: wholeTransport(settings), dispose });

  it('has clauses with ids of their own, and a sentence for each', () => {
    const clauses = transportContract({ name: 'a transport', create });
    const ids = clauses.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, rule } of clauses) {
      expect(id).toMatch(/^[a-z]+\.[a-z-]+$/);
      expect(rule).toMatch(/^[A-Z].*[a-z`)]\.$/);
    }
  });

  it('makes a transport for each clause, and disposes of it, whether the clause was kept or broken', async () => {
    const disposed = vi.fn(async () => {});
    const made = vi.fn(async (settings: TransportSettings) => ({
      transport: wholeTransport(settings),
      dispose: disposed,
    }));
    const clause = transportContract({ name: 'a transport', create: made }).find(({ id }) => id === 'answer.empty');
    expect(made).not.toHaveBeenCalled();
    await clause?.check();
    expect([made, disposed].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    made.mockImplementation(async () => ({ transport: async () => new Response('body'), dispose: disposed }));
    await expect(clause?.check()).rejects.toThrow(Error);
    expect([made, disposed].map(({ mock }) => mock.calls.length)).toEqual([2, 2]);
  });

  it('says which transport broke which rule, and how', async () => {
    const transport = () =>
      Promise.reject(new TransportError('OFFLINE', 'There is no network.', { delivery: 'unknown' }));
    const clauses = transportContract({ name: 'offline', create: async () => ({ transport, dispose }) });
    const clause = clauses.find(({ id }) => id === 'delivery.refused');
    await expect(clause?.check()).rejects.toThrow(
      /^offline breaks delivery\.refused\. If nothing listens at the address, .*`delivery` of the failure OFFLINE/s,
    );
  });

  it('passes on that a transport could not be made', async () => {
    const refuse = () => Promise.reject(new Error('There is no network.'));
    const [clause] = transportContract({ name: 'a transport', create: refuse });
    await expect(clause?.check()).rejects.toThrow('There is no network.');
  });

  it('has a mutant for each of its clauses', () => {
    const broken = new Set(Object.values(mutants).flatMap(({ breaks }) => breaks));
    const ids = transportContract({ name: 'a transport', create }).map(({ id }) => id);
    expect(ids.filter((id) => !broken.has(id))).toEqual([]);
  });
});

describe.concurrent('the contract detects a transport that', () => {
  it.each(Object.entries(mutants))('%s', async (_, { breaks, mutate }) => {
    const clauses = transportContract({
      name: 'a mutant',
      create: async (settings) => ({ transport: mutate(wholeTransport(settings), settings), dispose }),
    }).filter(({ id }) => breaks.includes(id));
    const outcomes = await Promise.all(
      clauses.map(({ id, check }) =>
        check().then(
          () => [],
          (error: Error) => (error.message.startsWith(`a mutant breaks ${id}. `) ? [id] : []),
        ),
      ),
    );
    expect(outcomes.flat().toSorted()).toEqual(breaks.toSorted());
  });
});
