import type { ServerResponse } from 'node:http';
import type { Hello, InspectorMessage, Notice, Summary } from './messages.js';

/** How many messages one event of the stream may contain. */
const BATCH = 100;

/** How many messages may wait for a viewer, in addition to the initial history. */
const MAX_WAITING = 1_000;

/** For how many instances losses are tracked at once. */
const MOST_NOTICES = 100;

/** How often to send a heartbeat, in milliseconds. Proxies and browsers consider a silent connection dead. */
const HEARTBEAT = 15_000;

/** Converts a message for its viewers. */
export type Presentation = (message: InspectorMessage) => object;

export interface StreamStart {
  readonly hello: Hello;
  readonly history: readonly InspectorMessage[];
  readonly present: Presentation;
  /** Returns the state of all sessions, for a viewer that missed messages. */
  readonly summary: () => Summary['messages'];
}

/**
 * One viewer's stream of server-sent events. Messages are queued and written later, many at a time, so that a session
 * only adds to a list. If a viewer does not read, its list is emptied.
 */
export class ViewerStream {
  readonly #response: ServerResponse;
  readonly #present: Presentation;
  readonly #summary: StreamStart['summary'];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #most: number;
  #waiting: InspectorMessage[];
  #missed = 0;
  readonly #notices = new Map<string, number>();
  #scheduled = false;

  constructor(response: ServerResponse, { hello, history, present, summary }: StreamStart) {
    this.#response = response;
    this.#present = present;
    this.#summary = summary;
    this.#waiting = [...history];
    this.#most = history.length + MAX_WAITING;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.on('drain', () => this.#schedule());
    response.on('error', () => {}); // The viewer has disconnected; `close` handles it.
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT).unref();
    response.once('close', () => clearInterval(this.#heartbeat));
    this.#write('hello', hello);
    this.#schedule();
  }

  post(message: InspectorMessage): void {
    if (this.#waiting.length >= this.#most) {
      this.#missed += this.#waiting.length;
      this.#waiting = [];
    }
    this.#waiting.push(message);
    this.#schedule();
  }

  notify({ instance, dropped }: Notice): void {
    if (this.#notices.size >= MOST_NOTICES) return;
    this.#notices.set(instance, (this.#notices.get(instance) ?? 0) + dropped);
    this.#schedule();
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  /** Writes after this turn of the event loop, so that all messages of a turn are written together. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#writeSome();
    }).unref();
  }

  #writeSome(): void {
    if (!this.#isOpen() || this.#response.writableNeedDrain) return;
    for (const [instance, dropped] of this.#notices) this.#write('notice', { instance, dropped });
    this.#notices.clear();
    if (this.#missed > 0) {
      // The summary includes the waiting messages.
      const missed = this.#missed + this.#waiting.length;
      this.#missed = 0;
      this.#waiting = [];
      this.#write('summary', { missed, messages: this.#summary().map(this.#present) });
    }
    if (this.#waiting.length === 0) return;
    this.#write('messages', this.#waiting.splice(0, BATCH).map(this.#present));
    if (this.#waiting.length > 0) this.#schedule();
  }

  #beat(): void {
    if (this.#isOpen() && !this.#response.writableNeedDrain) this.#response.write(':\n\n');
  }

  #isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  #write(event: string, data: unknown): void {
    this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
