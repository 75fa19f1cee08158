import { type TransportSettings, type TransportUnderTest, transportContract } from '@frameio-auth/conformance';
import { undiciTransport } from '@frameio-auth/transport-undici';
import { Agent } from 'undici';
import { describe, it } from 'vitest';

const own = ({ authority: ca, ...limits }: TransportSettings): TransportUnderTest => {
  const transport = undiciTransport({ ...limits, ca });
  return { transport, dispose: () => transport.close() };
};

const given = ({ authority: ca, ...limits }: TransportSettings): TransportUnderTest => {
  const dispatcher = new Agent({ connect: { ca }, allowH2: false });
  return { transport: undiciTransport({ ...limits, dispatcher }), dispose: () => dispatcher.close() };
};

describe.concurrent.each([
  ['connections of its own, which speak HTTP/2', own],
  ['an agent that speaks HTTP/1.1 alone', given],
])('undiciTransport over %s keeps the contract', (name, create) => {
  const clauses = transportContract({ name: `undiciTransport over ${name}`, create: async (all) => create(all) });
  for (const { id, rule, check } of clauses) it(`${id}: ${rule}`, check);
});
