import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { adobeIms } from '@frameio-auth/core';
import type { ServerToServerConnection, WebAppConnection } from '@frameio-auth/nestjs';
import { type AuthorizationServer, startAuthorizationServer } from '@frameio-auth/testing';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test, type TestingModule } from '@nestjs/testing';
import { onTestFinished } from 'vitest';

/** A local authorization server that ends with the test. */
export async function serverForTest(): Promise<AuthorizationServer> {
  const server = await startAuthorizationServer();
  onTestFinished(() => server.close());
  return server;
}

/** A service's connection to a local server. */
export function service(
  server: AuthorizationServer,
  more: Partial<ServerToServerConnection> = {},
): ServerToServerConnection {
  return {
    flow: 'server-to-server',
    ...server.clients.serverToServer,
    server: adobeIms({ origin: server.origin }),
    transport: fetch,
    ...more,
  };
}

/** Where browsers see the sign-in of the tests' applications: behind a proxy that speaks https. */
export const ORIGIN = 'https://localhost';

/** Returns a web application's connection to a local server. The header `x-user` names a request's user. */
export function webApp(server: AuthorizationServer, more: Partial<WebAppConnection> = {}): WebAppConnection {
  return {
    flow: 'web-app',
    ...server.clients.webApp,
    redirectUri: `${ORIGIN}/auth/frameio/callback`,
    server: adobeIms({ origin: server.origin }),
    transport: fetch,
    users: { identify: ({ headers }) => headers['x-user'] as string | undefined },
    ...more,
  };
}

/** Everything that the application logged. */
export class Journal implements LoggerService {
  readonly lines: string[] = [];
  readonly log = (...words: unknown[]): void => void this.lines.push(words.map(String).join(' '));
  readonly error = this.log;
  readonly warn = this.log;
  readonly debug = this.log;
  readonly verbose = this.log;
}

export interface ModuleForTest {
  readonly module: TestingModule;
  readonly journal: Journal;
}

/** Compiles the modules of an application without starting it; closed with the test. */
export async function compile(metadata: ModuleMetadata): Promise<ModuleForTest> {
  const journal = new Journal();
  const module = await Test.createTestingModule(metadata).setLogger(journal).compile();
  // On closing, Nest 11 reports again why an application could not start.
  onTestFinished(() => module.close().catch(() => {}));
  return { module, journal };
}

export const platforms: { platform: string; adapter(): ExpressAdapter | FastifyAdapter }[] = [
  { platform: 'Express', adapter: () => new ExpressAdapter() },
  { platform: 'Fastify', adapter: () => new FastifyAdapter() },
];

/** A complete response of the application. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export interface ApplicationForTest {
  readonly app: INestApplication;
  readonly journal: Journal;
  /** Sends a request like a browser: with any header, which `fetch` would restrict, and without following redirects. */
  ask(path: string, headers?: OutgoingHttpHeaders, method?: string): Promise<Answer>;
}

/** Starts an application that listens on loopback until the end of the test. */
export async function start(
  adapter: ExpressAdapter | FastifyAdapter,
  metadata: ModuleMetadata,
  prepare: (app: INestApplication) => unknown = () => {},
): Promise<ApplicationForTest> {
  const { module, journal } = await compile(metadata);
  const app: INestApplication = module.createNestApplication<NestFastifyApplication>(adapter as FastifyAdapter);
  await prepare(app);
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const ask = async (path: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Answer> => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const content = await text(answer);
    const isJson = answer.headers['content-type']?.startsWith('application/json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: content,
      json: isJson ? JSON.parse(content) : undefined,
    };
  };
  return { app, journal, ask };
}

/** Resolves to a free port; the TCP transport of Nest does not report which one it took. */
export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}
