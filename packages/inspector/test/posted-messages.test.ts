import { type InspectorMessage, localInspector } from '@frameio-auth/inspector';
import { describe, expect, it } from 'vitest';
import { ask, messagesUntil } from './page-request.js';
import { altered, leaksIn, mapped, messagesOf, PLANTED, recordedEvents } from './recorded-session.js';

describe('of what another instance posts', () => {
  /** Returns what a viewer shows of these messages. */
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
    recordedEvents.forEach(viewer.next);
    const isOwn = ({ frameio }: InspectorMessage) => frameio.instance === viewer.instance;
    const all = await messagesUntil(
      await viewer.url(),
      (message) => isOwn(message) && message.type === '@xstate.event',
    );
    return all.filter((message) => !isOwn(message));
  }

  it('shows messages as they were received', async () => {
    const messages = messagesOf(recordedEvents, { instance: 'far' });
    const inOrder = [...messages].sort((one, other) => rank(one) - rank(other));
    expect(await shown(messages)).toEqual(inOrder);
  });

  it('shows nothing that is added to them', async () => {
    const messages = messagesOf(recordedEvents, { instance: 'far' });
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
    const seen = await shown(
      messagesOf(recordedEvents, { instance: 'far' }).map((message) => altered(message, replace)),
    );
    expect(leaksIn(seen)).toEqual([]);
    expect(seen.length).toBeGreaterThan(10);
  });

  it('shows nothing of what is no message of that instance', async () => {
    const [message] = messagesOf(recordedEvents, { instance: 'far' });
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

/** A viewer first gets the beginnings of the sessions. */
const rank = ({ type, frameio }: InspectorMessage) => (type === '@xstate.actor' ? 0 : frameio.sequence);
