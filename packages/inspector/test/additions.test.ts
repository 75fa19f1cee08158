import { type InspectorMessage, safeInspector } from '@frameio-auth/inspector';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine, fromPromise } from 'xstate';
import { altered, leaksIn, mapped, messagesOf, PLANTED, recordedEvents, statesIn } from './recorded-session.js';
import type { Inspected } from './session-events.js';

/** Returns the same event with its event, snapshot and action altered; its actor stays the same. */
function alteredEvent(inspected: Inspected, alter: (copy: Record<string, unknown>) => unknown): object {
  const { actorRef, ...rest } = inspected as Inspected & { snapshot?: { toJSON?: unknown } };
  const parts = Object.entries(rest).map(([name, part]) => {
    if (name === 'snapshot') {
      const { value, status, context } = part as { value: unknown; status: unknown; context: unknown };
      return [name, altered({ value, status, context }, alter)];
    }
    return [name, name === 'event' || name === 'action' ? altered(part, alter) : part];
  });
  return { ...Object.fromEntries(parts), actorRef };
}

const additions: Readonly<Record<string, (copy: Record<string, unknown>) => unknown>> = {
  'fields of its own': (copy) => ({ ...copy, note: PLANTED, token: { accessToken: PLANTED }, [PLANTED]: PLANTED }),
  'getters that throw': (copy) => {
    const get = () => {
      throw new Error(PLANTED);
    };
    return Object.defineProperties({ ...copy }, { extra: { get, enumerable: true }, description: { get } });
  },
  'an error with a cause': (copy) => ({ ...copy, error: new Error(PLANTED, { cause: { PLANTED } }), output: PLANTED }),
  'a way to be written as JSON, or as text': (copy) => ({
    ...copy,
    toJSON: () => PLANTED,
    toString: () => PLANTED,
    [Symbol.toPrimitive]: () => PLANTED,
    [Symbol.for('nodejs.util.inspect.custom')]: () => PLANTED,
  }),
  'itself, in a circle': (copy) => Object.assign(copy, { self: copy, meta: PLANTED }),
  'what is inherited': (copy) => Object.assign(Object.create({ input: PLANTED, scopes: PLANTED }), copy),
  'a huge text': (copy) => ({ ...copy, huge: PLANTED.repeat(10_000) }),
  'a proxy that tells more': (copy) =>
    new Proxy(copy, {
      get: (target, name) => (Object.hasOwn(target, name) ? Reflect.get(target, name) : PLANTED),
      ownKeys: (target) => [...Reflect.ownKeys(target), PLANTED],
    }),
};

describe('fields that an application adds', () => {
  it.each(Object.entries(additions))('shows nothing of %s, and all that it showed before', (_what, alter) => {
    const messages = messagesOf(recordedEvents.map((event) => alteredEvent(event, alter)));
    expect(leaksIn(messages)).toEqual([]);
    expect(messages.map(withoutTime)).toEqual(messagesOf(recordedEvents).map(withoutTime));
  });

  const replacements: Readonly<Record<string, (copy: Record<string, unknown>) => unknown>> = {
    'in the place of every word': (copy) => mapped(copy, (value) => (typeof value === 'string' ? PLANTED : value)),
    'in the place of every number': (copy) => mapped(copy, (value) => (typeof value === 'number' ? PLANTED : value)),
    'in the place of every flag': (copy) => mapped(copy, (value) => (typeof value === 'boolean' ? PLANTED : value)),
    'in the place of every null': (copy) => mapped(copy, (value) => (value === null ? PLANTED : value)),
    'in the place of every object': (copy) => mapped(copy, (value) => (typeof value === 'object' ? PLANTED : value)),
    'at every name, by getters that throw': (copy) =>
      Object.defineProperties(
        {},
        mapped(copy, () => ({
          enumerable: true,
          get() {
            throw new Error(PLANTED);
          },
        })) as PropertyDescriptorMap,
      ),
    'at every name, by a proxy': () => new Proxy({}, { get: () => PLANTED }),
    'by a proxy that is over': () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    'as another value at each reading': (copy) => {
      let readings = 0;
      return new Proxy(copy, {
        get: (target, name) => {
          readings += 1;
          return readings % 2 === 1 ? Reflect.get(target, name) : PLANTED;
        },
      });
    },
  };

  it.each(Object.entries(replacements))('shows nothing of what stands %s', (_where, alter) => {
    const messages = messagesOf(recordedEvents.map((event) => alteredEvent(event, alter)));
    expect(leaksIn(messages)).toEqual([]);
    expect(messages.length).toBeGreaterThan(0);
  });

  it('shows nothing of a machine of its own, of promises, or of what went wrong in them', async () => {
    const messages: InspectorMessage[] = [];
    const inspect = safeInspector({ sink: (message) => messages.push(message) });
    const load = fromPromise(async ({ input }: { input: unknown }) => ({ input, token: PLANTED }));
    const fail = fromPromise(async () => {
      throw new Error(PLANTED);
    });
    const machine = (id: string) =>
      createMachine({
        id,
        initial: PLANTED,
        context: { token: PLANTED },
        description: PLANTED,
        states: {
          [PLANTED]: { on: { [PLANTED]: 'valid' }, meta: { PLANTED } },
          valid: {
            invoke: [
              { src: load, input: { token: PLANTED } },
              { src: fail, onError: 'failed' },
            ],
          },
          failed: { type: 'final', output: PLANTED },
        },
      });
    for (const id of ['an-application', PLANTED, 'session']) {
      const actor = createActor(machine(id), { id: PLANTED, input: { token: PLANTED }, inspect });
      actor.subscribe({ error: () => {} });
      actor.start();
      actor.send({ type: PLANTED, token: PLANTED });
      await Promise.resolve();
      actor.stop();
    }
    expect(leaksIn(messages)).toEqual([]);
    // Anything that claims to be a session is shown as one, in unknown states.
    expect(new Set(statesIn(messages))).toEqual(new Set(['restoring.unread', '(unknown)', 'valid']));
  });

  it('takes what is no inspection event at all', () => {
    const cyclic: Record<string, unknown> = { type: '@xstate.event', event: PLANTED };
    cyclic['actorRef'] = cyclic;
    const events = [undefined, null, 42, PLANTED, [], {}, () => PLANTED, cyclic, new Proxy({}, { get: () => PLANTED })];
    expect(messagesOf(events)).toEqual([]);
  });
});

/** Removes what differs between any two inspectors. */
function withoutTime({ frameio, createdAt: _1, sessionId: _2, rootId: _3, ...message }: InspectorMessage): object {
  const { time: _4, instance: _5, label: _6, ...received } = frameio;
  return { ...message, name: '', frameio: received };
}
