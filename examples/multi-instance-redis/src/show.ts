import { setTimeout as delay } from 'node:timers/promises';
import { type AuthorizationServer, fault } from '@frameio-auth/testing';
import type { Evidence } from './checks.ts';
import type { Fleet, Worker } from './fleet.ts';

/** When each fault happens, as a share of the total time. */
const KILL = 0.15;
const PAUSE = 0.5;

/** How long the server holds the request before the worker that waits for it is killed, in milliseconds. */
const HELD = 800;

/** How long the worker stays paused after its token has expired, in milliseconds. */
const OVERSLEEP = 500;

export interface Show {
  readonly fleet: Fleet;
  readonly server: AuthorizationServer;
  /** How long it runs, in seconds. */
  readonly seconds: number;
  readonly report: (event: string) => void;
}

/** Signs a user in, lets the fleet work, kills one worker and pauses another, and collects the observations. */
export async function play(show: Show): Promise<Evidence> {
  const { fleet, server, report } = show;
  const begun = performance.now();
  const duration = show.seconds * 1000;
  await signIn(show);
  await Promise.all(fleet.workers.map((worker) => worker.ask({ name: 'work' })));
  report(`all ${fleet.workers.length} workers serve her token`);
  const newsTold = reportTokens(show);

  await until(begun + duration * KILL);
  const killed = await killOneThatRefreshes(show);
  await until(begun + duration * PAUSE);
  const { paused, awakening } = await pauseOne(show);
  await until(begun + duration);

  await fleet.until('all workers serve the newest token', () => fleet.agrees);
  newsTold();
  const statuses = await Promise.all(fleet.workers.map((worker) => worker.ask({ name: 'callFrameio' })));
  return {
    requests: server.requests,
    expiries: fleet.expiries,
    killed,
    paused,
    awakening,
    served: fleet.served,
    errors: fleet.errors,
    newest: fleet.tokens.at(-1)?.token ?? '',
    tokens: fleet.workers.map(({ standing }) => standing?.token ?? ''),
    statuses,
  };
}

/** Signs a user in; the sign-in begins in one worker and ends in another, as behind a load balancer. */
async function signIn({ fleet, server, report }: Show): Promise<void> {
  const [first, second] = fleet.workers as [Worker, Worker];
  const url = await first.ask({ name: 'beginSignIn' });
  await second.ask({ name: 'endSignIn', callback: await server.signIn(url) });
  report('Mara signed in: worker 1 sent her off, worker 2 took the callback');
}

/** Waits until a moment of `performance.now()`; returns immediately if it has passed. */
function until(moment: number): Promise<void> {
  return delay(Math.max(0, moment - performance.now()));
}

/**
 * Reports for each new token which worker requested it, once all others have it. Returns a function that stops this.
 */
function reportTokens({ fleet, report }: Show): () => void {
  let received = fleet.tokens.length;
  return fleet.onChange(() => {
    const newest = fleet.tokens.at(-1);
    if (fleet.tokens.length === received || newest?.asker === undefined || !fleet.agrees) return;
    received = fleet.tokens.length;
    const others = fleet.working.length - 1;
    const span = Math.round(performance.now() - newest.seenAt);
    report(`token ${newest.token}: worker ${newest.asker} asked, ${others} adopted it within ${span} ms`);
  });
}

/**
 * Kills the next worker that refreshes, while the server holds its request, and replaces it. The server drops the
 * request unprocessed. If it had processed it, the new refresh token would have been lost with the worker, and the user
 * would have to sign in again: no client can prevent that.
 */
async function killOneThatRefreshes({ fleet, server, report }: Show): Promise<number> {
  const held = fault.held();
  server.faults.next('token', fault.chain(held, fault.dropped()));
  await held.reached;
  const victim = await fleet.until('a worker is refreshing', () =>
    fleet.workers.find(({ standing }) => standing?.step === 'refreshing.requesting'),
  );
  report(`worker ${victim.number} has asked the server, which lets it wait …`);
  await delay(HELD);
  await victim.kill();
  held.release();
  report('… and is killed; when its lease has run out, another one may ask');
  await delay(HELD);
  const successor = await fleet.replace(victim);
  report(`worker ${successor.number} is a new process`);
  await fleet.until('a worker refreshed after all', () => fleet.agrees);
  return victim.number;
}

/** Pauses a worker until its token has expired, and observes what it does then. */
async function pauseOne({ fleet, report }: Show): Promise<Pick<Evidence, 'paused' | 'awakening'>> {
  await fleet.until('all serve the same fresh token', () => fleet.agrees);
  const sleeper = fleet.workers.at(-1) as Worker;
  const before = { asked: sleeper.asked, tokens: fleet.tokens.length };
  sleeper.pause();
  report(`worker ${sleeper.number} is paused`);
  await fleet.until('the others have a newer token', () => fleet.tokens.length > before.tokens && fleet.agrees);
  await delay(Math.max(0, (sleeper.standing?.expiresAt ?? 0) - Date.now() + OVERSLEEP));
  await fleet.until('the others have a fresh token', () => fleet.agrees);
  const missed = fleet.tokens.length - before.tokens;
  const newest = fleet.tokens.at(-1)?.token;
  sleeper.resume();
  await fleet.until('the paused worker serves the newest token', () => sleeper.standing?.token === newest);
  report(`worker ${sleeper.number} goes on: its token had expired, and it adopted ${newest}`);
  return { paused: sleeper.number, awakening: { missed, asked: sleeper.asked - before.asked } };
}
