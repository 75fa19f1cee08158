import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ConfigurationError } from '@frameio-auth/core';
import type { Batch, InspectorMessage } from './messages.js';
import { MAX_BATCH } from './read-batch.js';

/** Where to post, and the token for it. */
export interface PostingAddress {
  readonly url: URL;
  readonly token: string;
}

export interface PosterOptions {
  readonly instance: string;
  readonly address: PostingAddress;
  /** Called when posting begins to fail, with an HTTP status or the platform's error code. */
  readonly onPostingFailed?: ((reason: string) => unknown) | undefined;
}

/** The number of messages that may wait to be posted; beyond it, the oldest are dropped. */
const MAX_WAITING = 2_000;

/** How long messages are collected before they are posted, and the first pause after a failure, in milliseconds. */
const BATCH_DELAY = 100;
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

/** How long to wait for a response, in milliseconds. */
const TIMEOUT = 5_000;

/**
 * @throws ConfigurationError for an invalid posting address
 */
export function readPostingAddress(viewer: string): PostingAddress {
  const url = URL.canParse(viewer) ? new URL(viewer) : undefined;
  const token = url?.searchParams.get('token');
  const isLoopback = url !== undefined && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (!url || !token || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback))) {
    // The address is not quoted, because it contains a token.
    throw new ConfigurationError(
      'invalid_option',
      "`viewer` must be the postingUrl() of another instance's inspector: https, or http on this machine.",
    );
  }
  return { url: new URL('/messages', url), token };
}

/**
 * Posts messages to another instance's viewer, one batch at a time. While the viewer is unreachable they wait, and the
 * oldest are dropped. It never keeps the process alive.
 */
export class Poster {
  readonly #options: PosterOptions;
  #waiting: InspectorMessage[] = [];
  #dropped = 0;
  #pause = 0;
  #timer: NodeJS.Timeout | undefined;
  #posting: Promise<void> | undefined;
  #closed = false;

  constructor(options: PosterOptions) {
    this.#options = options;
  }

  post(message: InspectorMessage): void {
    if (this.#closed) return;
    this.#waiting.push(message);
    // Removed many at a time, because each removal moves the rest.
    if (this.#waiting.length > MAX_WAITING + MAX_BATCH) {
      this.#dropped += this.#waiting.splice(0, MAX_BATCH).length;
    }
    this.#schedule(this.#pause || BATCH_DELAY);
  }

  /** Posts the waiting messages once, and ends. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    // Nothing else here keeps the process alive while the caller waits for this.
    const alive = setInterval(() => {}, TIMEOUT);
    await this.#posting;
    while (this.#waiting.length > 0 && this.#pause === 0) await this.#post();
    clearInterval(alive);
    this.#waiting = [];
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#posting !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#posting = this.#post().finally(() => {
        this.#posting = undefined;
        if (this.#waiting.length > 0 && !this.#closed) this.#schedule(this.#pause || BATCH_DELAY);
      });
    }, delay).unref();
  }

  async #post(): Promise<void> {
    const { instance, address } = this.#options;
    const messages = this.#waiting.splice(0, MAX_BATCH);
    const dropped = this.#dropped;
    this.#dropped = 0;
    const failure = await post(address, { instance, dropped, messages });
    if (failure === undefined) {
      this.#pause = 0;
      return;
    }
    this.#waiting = [...messages, ...this.#waiting];
    this.#dropped += dropped;
    const isFirst = this.#pause === 0;
    this.#pause = Math.min(Math.max(FIRST_PAUSE, 2 * this.#pause), LONGEST_PAUSE);
    // Not awaited, because the callback may be slow.
    if (isFirst) void this.#reportFailure(failure);
  }

  async #reportFailure(reason: string): Promise<void> {
    try {
      await this.#options.onPostingFailed?.(reason);
    } catch {
      // The callback may throw.
    }
  }
}

/**
 * @returns why it failed
 */
function post({ url, token }: PostingAddress, batch: Batch): Promise<string | undefined> {
  const body = JSON.stringify(batch);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return new Promise((resolve) => {
    const request: ClientRequest = send(url, { method: 'POST', headers, timeout: TIMEOUT });
    request.once('socket', (socket) => socket.unref());
    request.once('timeout', () => request.destroy());
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'request_failed'));
    request.once('response', (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode === 204 ? undefined : `http_${response.statusCode}`);
    });
    request.end(body);
  });
}
