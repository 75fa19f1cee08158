import { inspect as print } from 'node:util';
import { type InspectorMessage, localInspector, sessionChart, statelyInspector } from '@frameio-auth/inspector';
import { describe, expect, it } from 'vitest';
import { admitted, messagesUntil } from './page-request.js';
import { leaksIn, messagesOf, recordedEvents, secrets, statesIn } from './recorded-session.js';
import { canaries } from './session-events.js';

describe('of a real session', () => {
  it('has secrets to hide, some of which XState would show', () => {
    expect(secrets.length).toBeGreaterThan(10);
    const shown = recordedEvents.map((event) => [
      (event.actorRef as { id?: string }).id,
      print('event' in event && event.event, { depth: 6 }),
    ]);
    const { sessionKey, scope, errorDescription, errorCode, debugId } = canaries;
    expect(leaksIn(shown)).toEqual(expect.arrayContaining([sessionKey, scope, errorDescription, errorCode, debugId]));
  });

  it('tells every step, and none of the secrets', () => {
    const messages = messagesOf(recordedEvents);
    expect(leaksIn(messages)).toEqual([]);
    const states = new Set(statesIn(messages));
    expect([...states]).toEqual(
      expect.arrayContaining(['authorizing.requesting', 'valid.fresh', 'refreshing.backingOff', 'expired', 'revoked']),
    );
    const labels = new Set(messages.map((message) => message.frameio.label));
    expect([...labels]).toEqual(['default', expect.stringMatching(/^session-[\da-f]{8}$/)]);
  });

  it('has no text but known words, the labels and the names of instances', () => {
    const messages = messagesOf(recordedEvents, { instance: 'here' });
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
    for (const message of messagesOf(recordedEvents))
      expect(JSON.parse(JSON.stringify(message))).toEqual(structuredClone(message));
  });

  it('shows the keys of sessions to those who ask for them, and nothing more', () => {
    const messages = messagesOf(recordedEvents, { showKeys: true });
    expect(new Set(messages.map((message) => message.frameio.label))).toEqual(
      new Set(['default', canaries.sessionKey]),
    );
    expect(leaksIn(messages)).toEqual([canaries.sessionKey]);
  });

  it('sends none of them to a viewer, to another instance or to Stately', async () => {
    await using local = localInspector();
    await using far = localInspector({ viewer: await local.postingUrl() });
    await using stately = statelyInspector();
    for (const event of recordedEvents) {
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
    expect(seen.map((messages) => leaksIn(messages))).toEqual([[], [], []]);
    const { origin, cookie } = await admitted(await local.url());
    const chart = await fetch(`${origin}/machine.json`, { headers: { cookie } });
    expect(leaksIn(await chart.text())).toEqual([]);
  });
});

/** Collects every text in a value, except the names of fields, which are in the source. */
function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) collectTexts(each, texts);
}
