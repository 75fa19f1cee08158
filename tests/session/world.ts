import { setImmediate as turnOfTheEventLoop } from 'node:timers/promises';
import {
  adobeIms,
  legacyFrameio,
  type ServerProfile,
  ServerToServerAuth,
  type ServerToServerAuthOptions,
  type SessionSnapshot,
  StorageError,
  type UserSession,
  WebAppAuth,
  type WebAppAuthOptions,
} from '@frameio-auth/core';
import type { Entropy, TokenStorage, Transport } from '@frameio-auth/core/adapter';
import { memoryStorage } from '@frameio-auth/storage-memory';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  type Fault,
  type Faults,
  type ManualClock,
  manualClock,
  startAuthorizationServer,
} from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { onTestFinished } from 'vitest';
import { seededEntropy } from '../seeds.js';

/** A real server on loopback, one clock for everything, and applications that live as long as the test. */
export interface World {
  readonly clock: ManualClock;
  readonly server: AuthorizationServer;
  readonly profile: ServerProfile;
  /** An application that signs in as itself. */
  service(options?: Partial<ServerToServerAuthOptions>): ServerToServerAuth;
  /** Creates an application with users who sign in. */
  portal(options?: Partial<WebAppAuthOptions>): WebAppAuth;
  /** The same, with a user signed in to its default session. */
  signedIn(options?: Partial<WebAppAuthOptions>): Promise<WebAppAuth>;
  /** Signs a user in, as a browser would. */
  signIn(session: Pick<UserSession, 'getAuthorizationUrl' | 'handleCallback'>, user?: string): Promise<void>;
}

export async function startWorld(options: AuthorizationServerOptions = {}): Promise<World> {
  const clock = manualClock();
  const server = await startAuthorizationServer({ clock, ...options });
  excludeHeld(server.faults);
  countDigests();
  const auths: { close(): Promise<void> }[] = [];
  // All at once: a response that a failed test still holds must not keep an application from closing.
  onTestFinished(async () => void (await Promise.allSettled([server, ...auths].map((each) => each.close()))));
  const { origin } = server;
  const profile = server.profile === 'adobe-ims' ? adobeIms({ origin }) : legacyFrameio({ origin });
  const common = { server: profile, transport: countedTransport(fetchTransport()), clock, entropy: chance(1) };

  const untilTheEnd = <Auth extends { close(): Promise<void> }>(auth: Auth): Auth => {
    auths.push(auth);
    return auth;
  };
  const world: World = {
    clock,
    server,
    profile,
    service: (more) => untilTheEnd(new ServerToServerAuth({ ...server.clients.serverToServer, ...common, ...more })),
    portal: (more) => untilTheEnd(new WebAppAuth({ ...server.clients.webApp, ...common, ...more })),
    async signedIn(more) {
      const auth = world.portal(more);
      await world.signIn(auth);
      return auth;
    },
    async signIn(session, user) {
      const { url } = await session.getAuthorizationUrl();
      await session.handleCallback(await server.signIn(url, user === undefined ? {} : { user }));
    },
  };
  return world;
}

/** Random bytes by the fixed seed, one source for all sessions of a file. */
export const entropy: Entropy = seededEntropy();

/** Chance that always falls at the same place of a window, from 0 to 1; all other bytes come from the fixed seed. */
export function chance(fraction: number): Entropy {
  return (length) => {
    const bytes = entropy(length);
    if (length === 4) new DataView(bytes.buffer).setUint32(0, Math.min(fraction * 2 ** 32, 2 ** 32 - 1));
    return bytes;
  };
}

type Operation = 'read' | 'lease' | 'renew' | 'release' | 'commit' | 'due';

/** A storage in memory that writes down what it is asked, and fails on command. */
export interface ObservedStorage extends TokenStorage {
  /** The operations asked for, in order. */
  readonly calls: Operation[];
  /** The operations that fail from now on. */
  readonly failing: Set<Operation>;
  /** Called before each operation is carried out; what it returns is awaited. */
  before: (operation: Operation) => unknown;
  /** Whether hints reach those who watch. */
  hints: boolean;
}

export const DOWN: readonly Operation[] = ['read', 'lease', 'renew', 'release', 'commit', 'due'];

export function observedStorage({ clock }: { readonly clock: ManualClock }): ObservedStorage {
  const inner = memoryStorage({ clock });
  async function observed<Reply>(operation: Operation, act: () => Promise<Reply>): Promise<Reply> {
    storage.calls.push(operation);
    await storage.before(operation);
    if (storage.failing.has(operation)) throw new StorageError('STORAGE_DOWN', `The storage fails to ${operation}.`);
    return act();
  }
  const storage: ObservedStorage = {
    calls: [],
    failing: new Set(),
    before: () => {},
    hints: true,
    read: (key) => observed('read', () => inner.read(key)),
    lease: (key, request) => observed('lease', () => inner.lease(key, request)),
    renew: (lease) => observed('renew', () => inner.renew(lease)),
    release: (lease) => observed('release', () => inner.release(lease)),
    commit: (key, request) => observed('commit', () => inner.commit(key, request)),
    due: (request) => observed('due', () => inner.due(request)),
    watch: (key, listener) =>
      inner.watch(key, (version) => {
        if (storage.hints) listener(version);
      }),
    close: () => inner.close(),
  };
  return storage;
}

/** What of an auth object or a session can be waited for. */
interface Watched {
  readonly snapshot: SessionSnapshot;
  subscribe(listener: (snapshot: SessionSnapshot) => void): { unsubscribe(): void };
}

/** Resolves when the session is in the state or step of that name. */
export function reaches(session: Watched, name: string): Promise<SessionSnapshot> {
  return becomes(session, ({ state, step }) => state === name || step === name);
}

/** Resolves when the session's snapshot fits. */
export function becomes(session: Watched, fits: (snapshot: SessionSnapshot) => boolean): Promise<SessionSnapshot> {
  return new Promise((resolve) => {
    if (fits(session.snapshot)) {
      resolve(session.snapshot);
      return;
    }
    const subscription = session.subscribe((snapshot) => {
      if (!fits(snapshot)) return;
      subscription.unsubscribe();
      resolve(snapshot);
    });
  });
}

/** Lets the session fail so many times, and waits each time until it tries again. */
export async function sitOut(session: Watched, clock: ManualClock, failures: number): Promise<void> {
  for (let failure = 1; failure <= failures; failure += 1) {
    const { retryAt } = await becomes(
      session,
      ({ attempt, step }) => attempt === failure && step.endsWith('backingOff'),
    );
    await clock.advanceTo(retryAt ?? Number.NaN);
  }
}

/**
 * The number of pending operations in real time: requests and responses, except those that a fault holds, and digests.
 */
let underWay = 0;

function counted<Result>(result: Promise<Result>): Promise<Result> {
  underWay += 1;
  const end = () => {
    underWay -= 1;
  };
  result.then(end, end);
  return result;
}

/** Counts a request until its response is complete, by reading a copy, which arrives at the same time. */
function countedTransport(transport: Transport): Transport {
  return async (url, init) => {
    const response = await counted(transport(url, init));
    counted(response.clone().arrayBuffer()).catch(() => {});
    return response;
  };
}

/** Excludes requests that a fault holds: the test releases them, or the clock does. */
function excludeHeld(faults: Faults): void {
  const excluded =
    (fault: Fault): Fault =>
    async (exchange) => {
      underWay -= 1;
      try {
        return await fault(exchange);
      } finally {
        underWay += 1;
      }
    };
  const { next, always } = faults;
  faults.next = (endpoint, fault, options) => next.call(faults, endpoint, excluded(fault), options);
  faults.always = (endpoint, fault, options) => always.call(faults, endpoint, excluded(fault), options);
}

/** Counts digests, which the platform computes in a thread. */
function countDigests(): void {
  const { subtle } = crypto;
  const digest: typeof subtle.digest = (...message) => counted(SubtleCrypto.prototype.digest.apply(subtle, message));
  Object.defineProperty(subtle, 'digest', { value: digest, configurable: true });
  onTestFinished(() => void Reflect.deleteProperty(subtle, 'digest'));
}

/**
 * Resolves when nothing more happens until the test acts, so that what must not happen had its chance. The clock stands
 * still, storages reply with promises, and everything else is counted. One turn of the event loop lets every promise
 * continue that can; the other two are for sockets and streams that postpone something by a turn.
 */
export async function idle(): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet = underWay > 0 ? 0 : quiet + 1) await turnOfTheEventLoop();
}

/** What a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error('It rejected with something that is no error', { cause: error });
  }
  throw new Error('It did not reject');
}

/** Whether a promise has been settled, without waiting for it. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = () => {
    settled = true;
  };
  promise.then(note, note);
  await idle();
  return settled;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Adobe's lifetime of an access token, and the moments at which it falls due with the default buffer. */
export const LIFETIME = 86_399 * SECOND;
export const DUE = LIFETIME - 5 * MINUTE;
export const LATEST_RENEWAL = LIFETIME - 2.5 * MINUTE;
