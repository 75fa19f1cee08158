import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { FrameioAuthError } from '@frameio-auth/core';
import { type Dispatcher, request, FormData as UndiciFormData, fetch as undiciFetch } from 'undici';
import type { Outcome } from './oracle.ts';
import { answerText, type Plan } from './plan.ts';

/** What a request goes out through. */
export interface Routes {
  readonly dispatcher: Dispatcher;
  readonly authenticatedFetch: (url: string, init: RequestInit) => Promise<Response>;
}

export interface CallerOptions {
  readonly api: string;
  /** The call sites of a service, for tokens that are available immediately or take a while. */
  readonly routes: (plan: Plan) => Routes;
  /** What a long-lived application hands in with its requests, and what never comes. */
  readonly shutdown: AbortSignal;
  /** How long a request may take in all, in milliseconds. */
  readonly deadline: number;
}

interface Answer {
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** How the platform and undici say that a connection was lost. */
const LOST = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH']);

/** Makes requests according to their plans, and reports how they ended. */
export class Caller {
  readonly #options: CallerOptions;
  /** Errors that nothing explains, for the report. */
  readonly surprises: unknown[] = [];

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  call(plan: Plan): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const late = () => resolve({ kind: 'never ended', status: 0 });
      const timer = setTimeout(late, this.#options.deadline);
      this.#attempt(plan)
        .finally(() => clearTimeout(timer))
        .then(resolve, reject);
    });
  }

  async #attempt(plan: Plan): Promise<Outcome> {
    const abortion = new AbortController();
    const reason = new Error('The caller gives up.');
    const giveUp = () => abortion.abort(reason);
    const { abort } = plan;
    const timer = abort?.at === 'later' ? setTimeout(giveUp, abort.delay) : undefined;
    if (abort?.at === 'before') giveUp();
    let status = 0;
    try {
      const answering = this.#send(plan, abort === undefined ? this.#options.shutdown : abortion.signal);
      if (abort?.at === 'at once') giveUp();
      const answer = await answering;
      status = answer.status;
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of answer.body ?? []) {
        text += decoder.decode(chunk, { stream: true });
        if (abort?.at !== 'in the answer') continue;
        if (abort.by === 'letting go') return { kind: 'aborted', status: 0 };
        giveUp();
      }
      return { kind: text === answerText(plan, status) ? 'answered' : 'garbled', status };
    } catch (error) {
      return this.#failure(error, reason, status);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(error: unknown, reason: Error, status: number): Outcome {
    const chain = causesOf(error);
    if (chain.includes(reason)) return { kind: 'aborted', status: 0 };
    if (chain.some((each) => LOST.has((each as NodeJS.ErrnoException).code ?? ''))) {
      return status === 0 ? { kind: 'unanswered', status } : { kind: 'cut off', status };
    }
    this.surprises.push(error);
    return { kind: error instanceof FrameioAuthError ? 'without a token' : 'failed', status: 0 };
  }

  async #send(plan: Plan, signal: AbortSignal): Promise<Answer> {
    const { dispatcher, authenticatedFetch } = this.#options.routes(plan);
    const url = `${this.#options.api}/v4/things/${plan.id}`;
    const headers = { 'x-soak-request': String(plan.id) };
    const method = plan.body === 'none' ? 'GET' : 'POST';
    const body = bodyOf(plan);
    switch (plan.way) {
      case 'request': {
        const answer = await request(url, { dispatcher, method, headers, body: body as Readable | null, signal });
        return { status: answer.statusCode, body: answer.body };
      }
      case 'fetch':
        return undiciFetch(url, { dispatcher, method, headers, body: body as string | null, signal, duplex: 'half' });
      case 'authenticatedFetch': {
        const init = { method, headers, body: body as string | null, signal, duplex: 'half' as const };
        return authenticatedFetch(url, init);
      }
    }
  }
}

function bodyOf({ way, body, content }: Plan): unknown {
  switch (body) {
    case 'none':
      return null;
    case 'text':
      return content;
    case 'bytes':
      return new TextEncoder().encode(content);
    case 'blob':
      return new Blob([content]);
    case 'form': {
      const form = way === 'authenticatedFetch' ? new FormData() : new UndiciFormData();
      form.set('content', content);
      return form;
    }
    case 'params':
      return new URLSearchParams({ content });
    case 'stream':
      return way === 'request' ? Readable.from(chunksOf(content)) : ReadableStream.from(chunksOf(content));
    case 'iterable':
      return chunksOf(content);
  }
}

async function* chunksOf(content: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(content);
  const half = Math.ceil(bytes.length / 2);
  yield bytes.subarray(0, half);
  await setImmediate();
  yield bytes.subarray(half);
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each instanceof Error && chain.length < 8; each = each.cause) chain.push(each);
  return chain;
}
