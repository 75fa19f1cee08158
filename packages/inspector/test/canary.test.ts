import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { inspect as print } from 'node:util';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import {
  type InspectorMessage,
  localInspector,
  safeInspector,
  sessionChart,
  statelyInspector,
} from '@frameio-auth/inspector';
import { type Fault, fault, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActor, createMachine, fromPromise } from 'xstate';
import { admitted, ask, messagesUntil } from './page-request.js';
import { canaries, type Inspected, sessionStory } from './session-story.js';

/** What an application puts in, wherever it can. */
const PLANTED = 'canary-planted-by-the-application';

/** The inspection events of a real session, and the secrets that were in play. */
let story: readonly Inspected[];
let secrets: readonly string[];

beforeAll(async () => {
  const events: Inspected[] = [];
  secrets = [...(await sessionStory((event) => events.push(event))), PLANTED];
  story = events;
});

/** All that an inspector tells of these events. */
function told(events: Iterable<unknown>, options = {}): InspectorMessage[] {
  const messages: InspectorMessage[] = [];
  const inspect = safeInspector({ ...options, sink: (message) => messages.push(message) });
  for (const event of events) inspect(event as Inspected);
  return messages;
}

/** The secrets that can be seen in this. Messages are plain data, so that JSON shows all that there is of them. */
function leaksIn(what: unknown): string[] {
  const text = typeof what === 'string' ? what : JSON.stringify(what);
  return secrets.filter((secret) => formsOf(secret).some((form) => text.includes(form)));
}

const formsOf = (secret: string) => [secret, encodeURIComponent(secret), btoa(secret)];

const stateOf = (message: InspectorMessage) => ('facts' in message.frameio ? [message.frameio.facts.state] : []);

describe('of a real session', () => {
  it('has secrets to hide, some of which XState would show', () => {
    expect(secrets.length).toBeGreaterThan(10);
    const shown = story.map((event) => [
      (event.actorRef as { id?: string }).id,
      print('event' in event && event.event, { depth: 6 }),
    ]);
    const { sessionKey, scope, errorDescription, errorCode, debugId } = canaries;
    expect(leaksIn(shown)).toEqual(expect.arrayContaining([sessionKey, scope, errorDescription, errorCode, debugId]));
  });

  it('tells every step, and none of the secrets', () => {
    const messages = told(story);
    expect(leaksIn(messages)).toEqual([]);
    const states = new Set(messages.flatMap(stateOf));
    expect([...states]).toEqual(
      expect.arrayContaining(['authorizing.requesting', 'valid.fresh', 'refreshing.backingOff', 'expired', 'revoked']),
    );
    const labels = new Set(messages.map((message) => message.frameio.label));
    expect([...labels]).toEqual(['default', expect.stringMatching(/^session-[\da-f]{8}$/)]);
  });

  it('has no text but known words, the labels and the names of instances', () => {
    const messages = told(story, { instance: 'here' });
    const words = new Set<string>();
    for (const message of messages) collectTexts(message, words);
    const states = sessionChart.states.flatMap(({ id, name }) => [id, name]);
    const transitions = sessionChart.transitions.flatMap(({ id, event, effects }) => [id, event, ...effects]);
    const actions = sessionChart.states.flatMap(({ entry, exit }) => [...entry, ...exit]);
    for (const known of [...states, ...transitions, ...actions]) words.delete(known);
    const rest = [...words].filter((word) => !/^(\d+|here|here\/[12]|default|session-[\da-f]{8})$/.test(word)).sort();
    expect(rest).toEqual([
      '0.7.2',
      '@xstate.actor',
      '@xstate.event',
      '@xstate.snapshot',
      'absent',
      'active',
      'authorization',
      'authorization_code',
      'ended',
      'fail',
      'held',
      'invalid_grant',
      'lease',
      'none',
      'not_authenticated',
      'other',
      'own',
      'record',
      'refresh',
      'refresh_token',
      'refresh_token_rejected',
      'retry',
      'served',
      'server',
      'stopped',
      'terminal',
      'transient',
      'xstate.init',
      'xstate.stop',
    ]);
  });

  it('makes messages of plain data, and none that changes', () => {
    for (const message of told(story)) expect(JSON.parse(JSON.stringify(message))).toEqual(structuredClone(message));
  });

  it('shows the keys of sessions to those who ask for them, and nothing more', () => {
    const messages = told(story, { showKeys: true });
    expect(new Set(messages.map((message) => message.frameio.label))).toEqual(
      new Set(['default', canaries.sessionKey]),
    );
    expect(leaksIn(messages)).toEqual([canaries.sessionKey]);
  });

  it('sends none of them to a viewer, to another instance or to Stately', async () => {
    await using local = localInspector();
    await using far = localInspector({ viewer: await local.postingUrl() });
    await using stately = statelyInspector();
    for (const event of story) {
      local.next(event);
      far.next(event);
      stately.next(event);
    }
    const isLast = (message: InspectorMessage) =>
      message.type === '@xstate.snapshot' && message.event.type === 'xstate.stop';
    const isLastFromAfar = (message: InspectorMessage) => isLast(message) && message.sessionId.startsWith(far.instance);
    const seen = [
      await messagesUntil(await local.url(), isLast),
      await messagesUntil(await local.url(), isLastFromAfar),
      await messagesUntil(await stately.url(), isLast),
    ];
    expect(seen.map(leaksIn)).toEqual([[], [], []]);
    const { origin, cookie } = await admitted(await local.url());
    const chart = await fetch(`${origin}/machine.json`, { headers: { cookie } });
    expect(leaksIn(await chart.text())).toEqual([]);
  });
});

describe('of what another instance posts', () => {
  /** What a viewer shows of these messages. */
  async function shown(messages: readonly unknown[]): Promise<InspectorMessage[]> {
    await using viewer = localInspector();
    const address = new URL(await viewer.postingUrl());
    const authorization = `Bearer ${address.searchParams.get('token')}`;
    for (let at = 0; at < messages.length; at += 100) {
      const body = JSON.stringify({
        instance: 'far',
        dropped: 0,
        messages: messages.slice(at, at + 100),
        note: PLANTED,
      });
      const { status } = await ask(address, { method: 'POST', headers: { authorization }, body });
      expect(status).toBe(204);
    }
    // A message of its own comes last.
    story.forEach(viewer.next);
    const isOwn = ({ frameio }: InspectorMessage) => frameio.instance === viewer.instance;
    const all = await messagesUntil(
      await viewer.url(),
      (message) => isOwn(message) && message.type === '@xstate.event',
    );
    return all.filter((message) => !isOwn(message));
  }

  it('shows messages as they were told', async () => {
    const messages = told(story, { instance: 'far' });
    const inOrder = [...messages].sort((one, other) => rank(one) - rank(other));
    expect(await shown(messages)).toEqual(inOrder);
  });

  it('shows nothing that is added to them', async () => {
    const messages = told(story, { instance: 'far' });
    const add = (copy: Record<string, unknown>) => ({ ...copy, note: PLANTED, [PLANTED]: PLANTED });
    const seen = await shown(messages.map((message) => altered(message, add)));
    expect(leaksIn(seen)).toEqual([]);
    expect(seen.length).toBe(messages.length);
  });

  it('shows nothing that stands in the place of their words', async () => {
    const replace = (copy: Record<string, unknown>) =>
      mapped(copy, (value) =>
        typeof value === 'string' && !/^(@xstate|far|session-|default)/.test(value) ? PLANTED : value,
      );
    const seen = await shown(told(story, { instance: 'far' }).map((message) => altered(message, replace)));
    expect(leaksIn(seen)).toEqual([]);
    expect(seen.length).toBeGreaterThan(10);
  });

  it('shows nothing of what is no message of that instance', async () => {
    const [message] = told(story, { instance: 'far' });
    const others = [
      null,
      42,
      PLANTED,
      [message],
      { ...message, sessionId: 'near/1' },
      { ...message, frameio: PLANTED },
    ];
    expect(await shown([...others, { ...message, type: PLANTED }, { ...message, sessionId: 'far/../1' }])).toEqual([]);
  });
});

describe('whatever the server answers', () => {
  const answers: Readonly<Record<string, Fault>> = {
    'a refusal that repeats the secrets': fault.echo(),
    'a failure that repeats the secrets': fault.echo({ error: 'server_error', status: 500 }),
    'a refusal of the client that repeats the secrets': fault.echo({ error: 'invalid_client', status: 401 }),
    'a word that is the secrets': ({ request }) => json(500, { error: [...request.form.values()].join('.') }),
    'an id that is the secrets': ({ request }) =>
      json(400, { error: 'invalid_grant' }, [...request.form.values()].join('.')),
    'the wish that the user act at an address of the secrets': ({ request }) =>
      json(400, { error: 'ride_AdobeID_acct_actreq', jump: `https://accounts.example/?${request.form}` }),
    'a scope that is the secrets': ({ request }) =>
      json(200, {
        access_token: 'access.fictional.answer',
        expires_in: 3_600,
        scope: request.form.get('refresh_token'),
      }),
    'each member twice': fault.duplicateKeys(),
    'a page': fault.html(502),
    garbage: fault.garbage({ bytes: 5_000 }),
    nothing: fault.lostAnswer(),
  };
  const json = (status: number, body: object, debugId = 'fictional') => ({
    status,
    headers: { 'content-type': 'application/json', 'x-debug-id': debugId },
    body: JSON.stringify(body),
  });

  it.each(Object.entries(answers))('shows none of the secrets in %s', async (_what, answer) => {
    const messages: InspectorMessage[] = [];
    const clock = manualClock();
    await using server = await startAuthorizationServer({ clock });
    await using auth = new WebAppAuth({
      ...server.clients.webApp,
      server: adobeIms({ origin: server.origin }),
      transport: fetchTransport(),
      clock,
      inspect: safeInspector({ sink: (message) => messages.push(message) }),
    });
    const { url, codeVerifier } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await server.signIn(url));
    server.faults.always('token', answer);
    const refresh = auth.refresh().catch(() => {});
    for (let ended = false; !ended; await turnOfTheEventLoop()) {
      ended = await Promise.race([refresh.then(() => true), turnOfTheEventLoop(false)]);
      const { retryAt } = auth.snapshot;
      if (retryAt !== null && retryAt > clock.now()) await clock.advanceTo(retryAt);
    }
    expect(server.count({ grantType: 'refresh_token', faulted: true })).toBeGreaterThan(0);
    const known = [...server.secrets(), codeVerifier, server.clients.webApp.clientSecret];
    const text = JSON.stringify(messages);
    expect(known.filter((secret) => formsOf(secret).some((form) => text.includes(form)))).toEqual([]);
    expect(messages.flatMap(stateOf)).toContain('refreshing.requesting');
  });
});

/** A viewer is told first how sessions began. */
const rank = ({ type, frameio }: InspectorMessage) => (type === '@xstate.actor' ? 0 : frameio.sequence);

/** Every text in it, the names of fields apart: those are in the source. */
function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) collectTexts(each, texts);
}

/** A copy in which every object was changed. */
function altered(value: unknown, alter: (copy: Record<string, unknown>) => unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 6) return value;
  if (Array.isArray(value)) return value.map((each) => altered(each, alter, depth + 1));
  const entries = Object.entries(value).map(([name, each]) => [name, altered(each, alter, depth + 1)]);
  return alter(Object.fromEntries(entries));
}

/** The same event, with its event, snapshot and action altered; whose it is stays. */
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

describe('whatever an application adds to what the inspector is told', () => {
  it.each(Object.entries(additions))('shows nothing of %s, and all that it showed before', (_what, alter) => {
    const messages = told(story.map((event) => alteredEvent(event, alter)));
    expect(leaksIn(messages)).toEqual([]);
    expect(messages.map(withoutTime)).toEqual(told(story).map(withoutTime));
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
    const messages = told(story.map((event) => alteredEvent(event, alter)));
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
    // What passes itself off as a session is shown as one, in states that are none.
    expect(new Set(messages.flatMap(stateOf))).toEqual(new Set(['restoring.unread', '(unknown)', 'valid']));
  });

  it('takes what is no inspection event at all', () => {
    const cyclic: Record<string, unknown> = { type: '@xstate.event', event: PLANTED };
    cyclic['actorRef'] = cyclic;
    const events = [undefined, null, 42, PLANTED, [], {}, () => PLANTED, cyclic, new Proxy({}, { get: () => PLANTED })];
    expect(told(events)).toEqual([]);
  });
});

function mapped(copy: Record<string, unknown>, map: (value: unknown) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(copy).map(([name, value]) => [name, map(value)]));
}

/** Without what no two inspectors have in common. */
function withoutTime({ frameio, createdAt: _1, sessionId: _2, rootId: _3, ...message }: InspectorMessage): object {
  const { time: _4, instance: _5, label: _6, ...told } = frameio;
  return { ...message, name: '', frameio: told };
}
