import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.js';

/** A server on 127.0.0.1 that can be stopped and started again on the same port. */
export class HttpListener {
  readonly #server: Server;
  readonly #scheme: 'http' | 'https';
  #port: number;

  constructor(handler: RequestListener, port: number, certificate: Certificate | undefined) {
    this.#scheme = certificate === undefined ? 'http' : 'https';
    this.#server =
      certificate === undefined
        ? createServer(handler)
        : createSecureServer({ key: certificate.key, cert: certificate.certificate }, handler);
    this.#port = port;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the previous port if there was one. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  /** Refuses new connections, and closes the open ones, including requests in flight. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      // The only possible error is that it was not listening, which is fine.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
