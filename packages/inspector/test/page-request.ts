import { type IncomingHttpHeaders, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { InspectorMessage, Stream } from '@frameio-auth/inspector';

export interface PageAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface PageRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The path as sent, because an address would be normalized. */
  readonly path?: string;
}

/** Sends a request with any headers, including `Host` and `Origin`. */
export function ask(address: string | URL, { method = 'GET', headers = {}, body, path }: PageRequest = {}) {
  const url = new URL(address);
  return new Promise<PageAnswer>((resolve, reject) => {
    const sent = request({
      host: url.hostname,
      port: url.port,
      path: path ?? url.pathname + url.search,
      method,
      headers,
      agent: false,
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      const { statusCode: status = 0, headers: received } = response;
      text(response).then((content) => resolve({ status, headers: received, body: content }), reject);
    });
    sent.end(body);
  });
}

/** Follows a link like a browser, and resolves to the origin and the cookie for further requests. */
export async function admitted(link: string): Promise<{ readonly origin: string; readonly cookie: string }> {
  const { headers } = await ask(link);
  const [cookie = ''] = headers['set-cookie']?.[0]?.split(';') ?? [];
  return { origin: new URL(link).origin, cookie };
}

/** One event of a stream. */
export type StreamEvent = {
  [Name in keyof Stream]: { readonly event: Name; readonly data: Stream[Name] };
}[keyof Stream];

/** Yields the events of a viewer's stream. */
export async function* streamOf(link: string): AsyncGenerator<StreamEvent> {
  const { origin, cookie } = await admitted(link);
  const response = await fetch(`${origin}/events`, { headers: { cookie } });
  let text = '';
  for await (const part of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += part;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const each of events) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/.exec(each) ?? [];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) } as StreamEvent;
    }
  }
}

/** Returns all messages of a stream, up to the first that satisfies the condition. */
export async function messagesUntil(
  link: string,
  isLast: (message: InspectorMessage) => boolean,
): Promise<InspectorMessage[]> {
  const messages: InspectorMessage[] = [];
  for await (const { event, data } of streamOf(link)) {
    if (event !== 'messages') continue;
    for (const message of data) {
      messages.push(message);
      if (isLast(message)) return messages;
    }
  }
  return messages;
}
