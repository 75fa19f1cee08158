import type { IncomingMessage } from 'node:http';

/** The server's endpoints, as named in faults and records. */
export type Endpoint =
  | 'authorize'
  | 'token'
  | 'revoke'
  | 'userinfo'
  | 'validate'
  | 'discovery'
  | 'keys'
  | 'api'
  | 'unknown';

/** A request as received, including secrets. */
export interface ReceivedRequest {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parameters of the body; empty if the body is not `application/x-www-form-urlencoded`. */
  readonly form: URLSearchParams;
}

/** A response as sent. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /**
   * How much of the response reaches the client: `whole` (the default); `half`: the head and half of the body before
   * the connection closes; `none`: the connection closes without a byte.
   */
  readonly delivery?: 'whole' | 'half' | 'none';
}

/** A response and its meaning for the record: `granted`, or the error's code. */
export interface Decision {
  readonly answer: Answer;
  readonly outcome: string;
}

export interface BasicCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

const LARGEST_BODY = 1024 * 1024;

/** Reads the form of a request; resolves to `undefined` if the body is larger than a megabyte. */
export async function readForm(incoming: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST_BODY) return undefined;
    chunks.push(chunk);
  }
  const type = incoming.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? Buffer.concat(chunks).toString() : '');
}

/**
 * Returns client id and secret of HTTP Basic (RFC 6749 §2.3.1: each form-encoded); `undefined` without such a header.
 */
export function basicCredentials(headers: ReceivedRequest['headers']): BasicCredentials | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(headers['authorization'] ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { clientId: formDecoded(text.slice(0, colon)), clientSecret: formDecoded(text.slice(colon + 1)) };
}

/** Returns the token of a Bearer header (RFC 6750 §2.1). */
export function bearerToken(headers: ReceivedRequest['headers']): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers['authorization'] ?? '')?.[1];
}

export function jsonAnswer(status: number, members: object, headers: Answer['headers'] = {}): Answer {
  const always = { 'content-type': 'application/json;charset=UTF-8', 'cache-control': 'no-store' };
  return { status, headers: { ...always, ...headers }, body: JSON.stringify(members) };
}

export function htmlAnswer(status: number, body: string): Answer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
  };
  return { status, headers, body };
}

export function redirectAnswer(location: string): Answer {
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/** RFC 6749 §5.2. */
export function errorAnswer(status: number, error: string, description: string, more: object = {}): Answer {
  return jsonAnswer(status, { error, error_description: description, ...more });
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
}
