import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { assign, createActor, setup } from 'xstate';
import { Collector } from './collector.js';

const SECRET = 'access-token.fictional/3f9c27b1d4e8+a06b5c7d';

class Told {
  readonly #secret: string = SECRET;
  get token(): string {
    return this.#secret;
  }
}

const machine = setup({
  types: { context: {} as { token: string }, events: {} as { type: 'signedIn'; token: string } },
}).createMachine({
  context: { token: 'none' },
  on: { signedIn: { actions: assign({ token: ({ event }) => event.token }) } },
});

/** Ways in which software gives a secret away, each of which happened somewhere. */
const leaks: Readonly<Record<string, () => unknown>> = {
  'a message': () => new Error(`cannot write ${SECRET}`),
  'a cause of a cause': () =>
    new Error('failed', { cause: new Error('refused', { cause: { body: new URLSearchParams({ token: SECRET }) } }) }),
  'one of several errors': () => new AggregateError([new Error('one'), Object.assign(new Error('two'), { SECRET })]),
  'a property that is not enumerable': () =>
    Object.defineProperty(new Error('failed'), 'request', { value: { SECRET } }),
  'a property with a symbol for its name': () => ({ [Symbol('headers')]: [['authorization', `Bearer ${SECRET}`]] }),
  'the name of a property': () => ({ [`session:${SECRET}`]: true }),
  'an inherited getter': () => new Told(),
  'a getter that throws': () => Object.defineProperty({}, 'token', { get: () => assertNever(SECRET) }),
  'toJSON()': () => Object.defineProperty({}, 'toJSON', { value: () => ({ SECRET }) }),
  'toString()': () => ({ toString: () => `Token(${SECRET})` }),
  'what inspect() is told to print': () => ({ [inspect.custom]: () => `<${SECRET}>` }),
  'a map in a set': () => new Set([new Map([['token', { SECRET }]])]),
  'a property of a function': () => Object.assign(() => {}, { lastToken: SECRET }),
  bytes: () => ({ body: new TextEncoder().encode(`token=${SECRET}`) }),
  'half of it': () => `unknown token ${SECRET.slice(0, 24)}…`,
  'a parameter in a URL': () => new URL(`https://host.example/callback?code=${encodeURIComponent(SECRET)}`),
  'HTTP Basic': () => `Basic ${btoa(`application.fictional:${SECRET}`)}`,
  'HTTP Basic, form-encoded': () => `Basic ${btoa(`an.application.fictional:${encodeURIComponent(SECRET)}`)}`,
  'hexadecimal digits': () => Buffer.from(SECRET).toString('hex'),
  'JSON in JSON': () => JSON.stringify(JSON.stringify({ token: SECRET })),
};

function assertNever(what: string): never {
  throw new Error(`Unexpected: ${what}`);
}

describe('the collector', () => {
  it.each(Object.entries(leaks))('finds a secret in %s', (_, leak) => {
    const collector = new Collector();
    collector.show('here', leak());
    const found = collector.leaksOf([SECRET]);
    expect(found).not.toEqual([]);
    expect(found.join()).not.toContain(SECRET);
  });

  it('finds a secret in an actor, which is the same object before and after', () => {
    const collector = new Collector();
    const actor = createActor(machine).start();
    collector.show('the actor', { actor });
    expect(collector.leaksOf([SECRET])).toEqual([]);
    actor.send({ type: 'signedIn', token: SECRET });
    collector.show('the actor', { actor });
    expect(collector.leaksOf([SECRET])).not.toEqual([]);
  });

  it('finds a secret that was there for a moment, and one that came later', () => {
    const collector = new Collector();
    const moment: { token?: string } = { token: SECRET };
    const later: { token?: string } = {};
    collector.show('for a moment', moment);
    collector.show('later', later);
    delete moment.token;
    later.token = `${SECRET}.later`;
    expect(collector.leaksOf([SECRET]).some((leak) => leak.startsWith('for a moment'))).toBe(true);
    expect(collector.leaksOf([`${SECRET}.later`]).some((leak) => leak.startsWith('later, in the end'))).toBe(true);
  });

  it('finds nothing where there is nothing, in circles neither', () => {
    const collector = new Collector();
    const circle: Record<string, unknown> = { error: new Error('The access token was refused.'), own: new Map() };
    circle['self'] = circle;
    collector.show('here', circle);
    expect(collector.leaksOf([SECRET])).toEqual([]);
  });

  it('refuses to search for text that is too short', () => {
    expect(() => new Collector().leaksOf(['short'])).toThrow('fewer than 16 characters');
  });
});
