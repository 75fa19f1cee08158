import { runInNewContext } from 'node:vm';
import { type StatelyInspector, statelyInspector } from '@frameio-auth/inspector';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admitted, ask } from './page-request.js';

const STATELY = 'https://stately.ai';
const CONNECTED = { type: '@statelyai.connected' };

let inspector: StatelyInspector;
beforeEach(() => {
  inspector = statelyInspector();
});
afterEach(() => inspector.close());

/** Runs the page's script in a simulated browser, and records what it posts to the frame, and to which origin. */
async function bridge() {
  const { origin, cookie } = await admitted(await inspector.url());
  const { body: script } = await ask(`${origin}/viewer/bridge.js`, { headers: { cookie } });
  const posted: (readonly [message: unknown, to: string])[] = [];
  const frame = { postMessage: (message: unknown, to: string) => posted.push([message, to]) };
  const received: Record<string, (event: object) => void> = {};
  const streamed: Record<string, (event: object) => void> = {};
  let reloads = 0;
  runInNewContext(script, {
    document: { querySelector: () => ({ contentWindow: frame }) },
    addEventListener: (name: string, listener: () => void) => Object.assign(received, { [name]: listener }),
    location: {
      reload() {
        reloads += 1;
      },
    },
    EventSource: class {
      addEventListener(name: string, listener: () => void) {
        Object.assign(streamed, { [name]: listener });
      }
    },
  });
  return {
    posted,
    frame,
    receive: (event: object) => received['message']?.(event),
    stream: (name: string, data: unknown) => streamed[name]?.({ data: JSON.stringify(data) }),
    reloads: () => reloads,
  };
}

describe('the page around Stately’s', () => {
  it('shows that page in a frame which can neither leave it nor learn where it is', async () => {
    const { origin, cookie } = await admitted(await inspector.url());
    const { body } = await ask(origin, { headers: { cookie } });
    expect(body).toContain(`src="${STATELY}/inspect" referrerpolicy="no-referrer"`);
    expect(/sandbox="(.*)"/.exec(body)?.[1]).toBe('allow-scripts allow-same-origin allow-forms allow-popups');
  });

  it('hands messages to Stately’s page alone, once that says that it is there', async () => {
    const { posted, frame, receive, stream } = await bridge();
    stream('messages', ['first', 'second']);
    expect(posted).toEqual([]);
    receive({ origin: 'https://elsewhere.example', source: frame, data: CONNECTED });
    receive({ origin: STATELY, source: {}, data: CONNECTED });
    receive({ origin: STATELY, source: frame, data: { type: 'another' } });
    receive({ origin: STATELY, source: frame, data: null });
    expect(posted).toEqual([]);
    receive({ origin: STATELY, source: frame, data: CONNECTED });
    stream('summary', { missed: 1, messages: ['third'] });
    expect(posted).toEqual(['first', 'second', 'third'].map((message) => [message, STATELY]));
  });

  it('keeps the last 1000 messages for a frame that is not there yet', async () => {
    const { posted, frame, receive, stream } = await bridge();
    stream(
      'messages',
      Array.from({ length: 1_500 }, (_, index) => index),
    );
    receive({ origin: STATELY, source: frame, data: CONNECTED });
    expect(posted.map(([message]) => message)).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 500));
  });

  it('starts again, frame and all, when the stream does', async () => {
    const { stream, reloads } = await bridge();
    stream('hello', {});
    expect(reloads()).toBe(0);
    stream('hello', {});
    expect(reloads()).toBe(1);
  });
});
