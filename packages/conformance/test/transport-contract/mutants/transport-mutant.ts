import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import type { TransportSettings } from '@frameio-auth/conformance';
import { TransportError } from '@frameio-auth/core';
import type { Transport } from '@frameio-auth/core/adapter';

/** A transport with one mistake. */
export interface TransportMutant {
  /** The clauses that must detect it; others may. */
  readonly breaks: readonly string[];
  /** Changes a working transport, or replaces it. */
  mutate(whole: Transport, settings: TransportSettings): Transport;
}

/** Mutants by what they do. */
export type TransportMutants = Readonly<Record<string, TransportMutant>>;

type Failure = (error: TransportError) => TransportError | Promise<Response>;

export const copyOf = (
  error: TransportError,
  { code = error.code, message = error.message, delivery = error.delivery },
) => new TransportError(code, message, { delivery });

/** Returns the transport with its failures changed, or turned into a response. */
export function failing(whole: Transport, change: (...call: Parameters<Transport>) => Failure): Transport {
  return async (...call) => {
    try {
      return await whole(...call);
    } catch (error) {
      const changed = change(...call)(error as TransportError);
      if (changed instanceof Promise) return changed;
      throw changed;
    }
  };
}

/** Returns the transport with its responses changed. */
export function answering(whole: Transport, change: (answer: Response) => Response | Promise<Response>): Transport {
  return async (...call) => change(await whole(...call));
}

/** Returns a response with another body, or none. */
export function withBody({ status, headers }: Response, body: string | null): Response {
  return new Response(body, { status, headers });
}

/**
 * Returns a transport over the layer below `fetch`: it decompresses nothing, follows no redirects, and trusts the given
 * certificates.
 */
export function bareTransport(options: RequestOptions): Transport {
  return (url, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      const all = { ...options, agent: false, method, headers: { ...options.headers, ...headers } };
      const request = send(url, all, async (incoming) => {
        const bytes = Buffer.concat(await incoming.toArray());
        const fields = Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]);
        resolve(new Response(bytes, { status: incoming.statusCode ?? 0, headers: fields }));
      });
      request.on('error', reject);
      request.end(body);
    });
}
