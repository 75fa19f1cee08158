import { connect, type Socket } from 'node:net';
import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import { type InspectorMessage, type LocalInspector, localInspector, safeInspector } from '@frameio-auth/inspector';
import { beforeAll, describe, expect, it } from 'vitest';
import { admitted, messagesUntil, streamOf } from './page-request.js';
import { recordedEvents } from './recorded-session.js';
import type { Inspected } from './session-events.js';

/** Sends an inspector the events of a session: the same recordedEvents, of another actor. */
function post(inspector: { next(event: Inspected): void }, times = 1): void {
  for (let time = 0; time < times; time += 1) {
    const actors = new Map<object, object>();
    for (const event of recordedEvents) {
      const actorRef = actors.get(event.actorRef) ?? Object.create(event.actorRef);
      actors.set(event.actorRef, actorRef);
      inspector.next({ ...event, actorRef });
    }
  }
}

const isOver = (message: InspectorMessage) =>
  message.type === '@xstate.snapshot' && message.snapshot.status === 'stopped';

/** How many messages result from it. */
let received: number;

beforeAll(() => {
  const messages: InspectorMessage[] = [];
  post({ next: safeInspector({ sink: (message) => messages.push(message) }) });
  received = messages.length;
});

describe('a viewer', () => {
  it('is shown what was kept, and then what happens', async () => {
    await using inspector = localInspector({ instance: 'here' });
    post(inspector);
    const kept: InspectorMessage[] = [];
    for await (const { event, data } of streamOf(await inspector.url())) {
      if (event !== 'messages') continue;
      if (kept.length === 0) post(inspector);
      kept.push(...data);
      if (kept.filter(isOver).length === 4) break;
    }
    const sequences = kept.map(({ frameio }) => frameio.sequence);
    expect(new Set(sequences)).toEqual(new Set(Array.from({ length: 2 * received }, (_, index) => index + 1)));
    // The beginnings of the sessions come first; the others are in order.
    const later = kept.filter(({ type }) => type !== '@xstate.actor').map(({ frameio }) => frameio.sequence);
    expect(later).toEqual(later.toSorted((one, other) => one - other));
  });

  it('is shown no more than 100 messages of a session, and 100 sessions', async () => {
    await using inspector = localInspector();
    post(inspector, 120);
    const perSession = new Map<string, number>();
    const isLatest = ({ frameio }: InspectorMessage) => frameio.sequence === 120 * received;
    for (const { sessionId, type } of await messagesUntil(await inspector.url(), isLatest)) {
      if (type !== '@xstate.actor') perSession.set(sessionId, (perSession.get(sessionId) ?? 0) + 1);
    }
    expect(perSession.size).toBe(100);
    expect(Math.max(...perSession.values())).toBeLessThanOrEqual(100);
  });

  it('that does not read gets less, delays no other, and learns how much it missed when it reads again', async () => {
    await using inspector = localInspector();
    const { origin, cookie } = await admitted(await inspector.url());
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.write(`GET /events HTTP/1.1\r\nhost: ${new URL(origin).host}\r\ncookie: ${cookie}\r\n\r\n`);
    await textUntil(socket, 'event: hello');
    socket.pause();
    // More than the buffers of the system hold, in parts, so that as much as possible is written.
    for (let part = 0; part < 250; part += 1) {
      post(inspector);
      await turnOfTheEventLoop();
    }
    socket.resume();
    const text = await textUntil(socket, 'event: summary', '\n\n');
    socket.destroy();
    const [, data = ''] = /event: summary\ndata: (.*)\n\n/.exec(text) ?? [];
    const { missed, messages } = JSON.parse(data);
    expect(missed).toBeGreaterThan(1_000);
    // The latest state of every session that is kept.
    const latest = messages.filter(({ type }: InspectorMessage) => type === '@xstate.snapshot');
    expect(latest.length).toBe(100);
    expect(new Set(latest.map(({ sessionId }: InspectorMessage) => sessionId)).size).toBe(100);
  });
});

/** Reads from a connection until both texts have come, one after the other. */
async function textUntil(socket: Socket, mark: string, end = ''): Promise<string> {
  socket.setEncoding('utf8');
  let text = '';
  return new Promise((resolve) => {
    const take = (part: string) => {
      text += part;
      const at = text.indexOf(mark);
      if (at < 0 || !text.includes(end, at)) return;
      socket.off('data', take);
      resolve(text);
    };
    socket.on('data', take);
  });
}

describe('several instances', () => {
  it('are shown side by side, and call the same session the same', async () => {
    await using viewer = localInspector({ instance: 'first' });
    await using second = localInspector({ instance: 'second', viewer: await viewer.postingUrl() });
    await using third = localInspector({ instance: 'third', viewer: await viewer.postingUrl() });
    for (const inspector of [viewer, second, third]) post(inspector);
    await Promise.all([second.close(), third.close()]);
    let over = 0;
    const messages = await messagesUntil(await viewer.url(), (message) => {
      if (isOver(message)) over += 1;
      return over === 6;
    });
    const labels = (instance: string) =>
      new Set(messages.filter(({ frameio }) => frameio.instance === instance).map(({ frameio }) => frameio.label));
    expect(labels('first').size).toBe(2);
    expect(labels('second')).toEqual(labels('first'));
    expect(labels('third')).toEqual(labels('first'));
    const own = messages.filter(({ frameio }) => frameio.instance === 'second');
    expect(own.every(({ sessionId }) => sessionId.startsWith('second/'))).toBe(true);
    expect(own.length).toBe(received);
  });

  it('post on when the viewer comes back, and say how much was lost meanwhile', async () => {
    const postingToken = 'posting-token.fictional';
    const gone = localInspector({ postingToken });
    const { port } = new URL(await gone.postingUrl());
    await gone.close();
    const failures: string[] = [];
    let onPostingFailed: (reason: string) => void = () => {};
    const failed = new Promise<void>((resolve) => {
      onPostingFailed = (reason) => {
        failures.push(reason);
        resolve();
      };
    });
    const address = `http://127.0.0.1:${port}/messages?token=${postingToken}`;
    await using poster = localInspector({ instance: 'poster', viewer: address, onPostingFailed });
    const times = Math.ceil(3_000 / received);
    post(poster, times);
    await failed;

    await using viewer = localInspector({ postingToken, port: Number(port) });
    let dropped = 0;
    let heard = 0;
    for await (const { event, data } of streamOf(await viewer.url())) {
      if (event === 'notice') dropped += data.dropped;
      if (event === 'messages') heard += data.length;
      if (heard + dropped === times * received) break;
    }
    expect(failures).toEqual(['ECONNREFUSED']);
    expect(dropped).toBeGreaterThan(500);
    expect(heard).toBeGreaterThanOrEqual(2_000);
  });

  it('report why the viewer rejects their messages', async () => {
    await using viewer = localInspector();
    const address = new URL(await viewer.postingUrl());
    address.searchParams.set('token', 'another-token.fictional');
    let poster: LocalInspector | undefined;
    const reason = await new Promise((resolve) => {
      poster = localInspector({ viewer: address.href, onPostingFailed: resolve });
      post(poster);
    });
    await poster?.close();
    expect(reason).toBe('http_403');
  });

  it('have no page of their own', async () => {
    await using viewer = localInspector();
    await using poster = localInspector({ viewer: await viewer.postingUrl() });
    await expect(poster.url()).rejects.toThrow('posts to the viewer of another instance');
    await expect(poster.postingUrl()).rejects.toThrow('posts to the viewer of another instance');
  });
});

describe('no inspector keeps the process alive', () => {
  const keeping = () => process.getActiveResourcesInfo().filter((kind) => /^(TCPServer|Timeout)/.test(kind));

  it('neither one with a page', async () => {
    const before = keeping();
    await using inspector = localInspector();
    post(inspector);
    await inspector.url();
    expect(keeping()).toEqual(before);
  });

  it('nor one that posts', async () => {
    const before = keeping();
    await using inspector = localInspector({ viewer: 'http://127.0.0.1:9/messages?token=posting-token.fictional' });
    post(inspector);
    expect(keeping()).toEqual(before);
  });
});
