import { once } from 'node:events';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A complete response of an application. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export type Headed = Readonly<Record<string, string>>;

/** Sends a request like a browser: with any header, and without following redirects. */
export type Ask = (path: string, headers?: Headed, method?: string) => Promise<Answer>;

export function answerOf(status: number, headers: Headers, content: string): Answer {
  const isJson = headers.get('content-type')?.startsWith('application/json');
  return { status, headers, text: content, json: isJson ? JSON.parse(content) : undefined };
}

/** Serves an application on loopback until the end of the test. */
export async function listening(listener: RequestListener): Promise<Ask> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return async (path, headers: OutgoingHttpHeaders = {}, method = 'GET') => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end();
    const [received] = (await once(sent, 'response')) as [IncomingMessage];
    const all = new Headers();
    for (const [name, values = []] of Object.entries(received.headersDistinct)) {
      for (const value of values) all.append(name, value);
    }
    return answerOf(received.statusCode ?? 0, all, await text(received));
  };
}

/** A browser: keeps the cookies that it gets, and sends them. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Asks another instance of the application, with the same cookies. */
  at(ask: Ask): Browser {
    const other = new Browser(ask);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  async ask(path: string, headers: Headed = {}, method = 'GET'): Promise<Answer> {
    const answer = await this.#ask(path, { cookie: this.cookie, ...headers }, method);
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0(?:;|$)/.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }
}
