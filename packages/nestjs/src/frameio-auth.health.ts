import { FrameioAuthError, WebAppAuth } from '@frameio-auth/core';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection } from './connection.js';
import { FrameioConnections } from './frameio-connections.service.js';
import { unlessMissing } from './optional-peer.js';
import { withTimeLimit } from './time-limit.js';

export interface FrameioHealthOptions {
  /** The name of the connection. Default: the connection without a name. */
  readonly connection?: string;
  /** How long a result is reused before the connection is checked again, in milliseconds. Default: 10000. */
  readonly maxAge?: number;
  /** How long to wait for a token, or for the storage, in milliseconds. Default: 3000. */
  readonly timeout?: number;
}

/** Reports the health of a connection in the form that Terminus expects, without secrets. */
export interface FrameioHealth {
  /**
   * `up`; `degraded`: tokens are available, but the server does not refresh them at the moment; `down`: no tokens are
   * available. Terminus 11 does not know `degraded`, so there the status is `up`.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the type of it differs between the versions of Terminus
  readonly status: any;
  readonly degraded: boolean;
  /** The code of the error, such as `timeout`. */
  readonly reason?: string;
  /** The state of the application's own session. */
  readonly state?: string;
  /** When the token of that session expires, as an ISO 8601 date. */
  readonly expiresAt?: string;
}

type Finding = Omit<FrameioHealth, 'status' | 'degraded'> & { readonly status: 'up' | 'degraded' | 'down' };

/**
 * Reports the health of a connection to `@nestjs/terminus`. For the application's own session, it requests a token. For
 * user sessions, it reads from the storage and reports recent failures of the server.
 *
 * `health.check([() => frameio.check('frameio')])`
 */
@Injectable()
export class FrameioAuthHealthIndicator {
  readonly #connections: FrameioConnections;
  readonly #findings = new Map<string, { readonly at: number; readonly finding: Promise<Finding> }>();

  constructor(@Inject(FrameioConnections) connections: FrameioConnections) {
    this.#connections = connections;
  }

  /**
   * Checks a connection. Repeated calls within `maxAge` share one result.
   *
   * @param key - the name of the result in the report
   */
  async check<const Key extends string>(
    key: Key,
    { connection: name, maxAge = 10_000, timeout = 3_000 }: FrameioHealthOptions = {},
  ): Promise<Record<Key, FrameioHealth>> {
    const connection = this.#connections.get(name);
    const now = performance.now();
    let last = this.#findings.get(connection.name);
    if (last === undefined || now - last.at >= maxAge) {
      last = { at: now, finding: examine(connection, timeout) };
      this.#findings.set(connection.name, last);
    }
    const { status, ...facts } = await last.finding;
    const degraded = status === 'degraded';
    return {
      [key]: { status: degraded && !(await terminusKnowsDegraded()) ? 'up' : status, degraded, ...facts },
    } as Record<Key, FrameioHealth>;
  }
}

async function examine(connection: Connection, timeout: number): Promise<Finding> {
  return connection.auth instanceof WebAppAuth ? examineUsers(connection, timeout) : examineOwn(connection, timeout);
}

async function examineOwn(connection: Connection, timeout: number): Promise<Finding> {
  const session = connection.session();
  const problem = await problemOf(async (signal) => session.getToken({ signal }), timeout);
  const { state, expiresAt, failure, degraded } = session.snapshot;
  const facts = { state, ...(expiresAt !== null && { expiresAt: new Date(expiresAt).toISOString() }) };
  if (problem !== undefined) return { status: 'down', reason: problem, ...facts };
  return degraded && failure !== null
    ? { status: 'degraded', reason: failure.code, ...facts }
    : { status: 'up', ...facts };
}

/** No record has this key; reading it only shows that the storage responds. */
const NO_RECORD = 'frameio-auth:health';

async function examineUsers({ storage, events }: Connection, timeout: number): Promise<Finding> {
  const problem = await problemOf(async () => storage?.read(NO_RECORD), timeout);
  if (problem !== undefined) return { status: 'down', reason: problem };
  return events.trouble === undefined ? { status: 'up' } : { status: 'degraded', reason: events.trouble.code };
}

/** Resolves to the code of the error, or to `timeout`. */
function problemOf(work: (signal: AbortSignal) => Promise<unknown>, timeout: number): Promise<string | undefined> {
  return withTimeLimit(timeout, (signal) => {
    const late = new Promise<'timeout'>((resolve) => signal.addEventListener('abort', () => resolve('timeout')));
    const done = work(signal).then(
      () => undefined,
      (error: unknown) => (error instanceof FrameioAuthError ? error.code : signal.aborted ? 'timeout' : 'failed'),
    );
    return Promise.race([done, late]);
  });
}

let known: Promise<boolean> | undefined;

/** Terminus 11 omits statuses that it does not know from its report. */
function terminusKnowsDegraded(): Promise<boolean> {
  known ??= terminusPackage().then((terminus) =>
    terminus === undefined ? true : 'degraded' in new terminus.HealthIndicatorService().check(''),
  );
  return known;
}

async function terminusPackage() {
  try {
    return await import('@nestjs/terminus');
  } catch (error) {
    return unlessMissing(error);
  }
}
