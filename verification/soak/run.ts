import type { TokenSource } from '@frameio-auth/core/adapter';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';
import { authInterceptor, undiciTransport } from '@frameio-auth/transport-undici';
import { Agent, interceptors } from 'undici';
import { type ApiProcess, startApi } from './api-process.ts';
import { Caller, type Routes } from './caller.ts';
import { Endings } from './endings.ts';
import { activeResources, eventually, heldMemory, listeners } from './leftovers.ts';
import type { RequestRecord } from './messages.ts';
import { type Mutant, mutants } from './mutants.ts';
import { brokenRules, type Outcome } from './oracle.ts';
import { Outcomes } from './outcomes.ts';
import { type Plan, planOf } from './plan.ts';
import { type HurriedService, hurriedService, slowed } from './services.ts';

export interface SoakOptions {
  readonly requests: number;
  readonly seed: number;
  /** How many requests are under way at once. */
  readonly atOnce: number;
  /**
   * How long a request may take in total, and then how long discarded resources may take to be freed, in milliseconds:
   * a limit for what hangs.
   */
  readonly deadline: number;
  /** The mistakes to add. */
  readonly chosenMutants: readonly Mutant[];
}

export interface SoakReport {
  readonly figures: Readonly<Record<string, number | string>>;
  /** How the requests ended, by the way that they took. */
  readonly endings: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What was broken, each with how often and where first. */
  readonly violations: readonly string[];
}

/** After so much of a run the code is warm and the pools are full: from there on no memory may be lost. */
const WARM_UP = 0.2;

/** How much more may be held at the end than after the warm-up, in bytes. */
const MOST_GROWTH = 4 * 2 ** 20;

/** How many requests are checked at a time. */
const PAGE = 2_000;

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { requests, seed, atOnce, deadline } = options;
  const violations = new Violations();
  const warn = ({ name, message }: Error) => violations.note(`a warning: ${name}: ${message}`);
  const shutdown = new AbortController();
  const before = activeResources();
  process.on('warning', warn);

  const began = performance.now();
  const api = await startApi(seed);
  const clients = new Clients(api, options);
  const emitters = { process, agent: clients.agent };
  const idle = listeners(emitters, shutdown.signal);
  const caller = new Caller({ api: api.api, routes: clients.routes, shutdown: shutdown.signal, deadline });
  const outcomes = new Outcomes(requests);
  let next = 0;
  const callUntil = async (end: number) => {
    const call = async () => {
      while (next < end) {
        const plan = planOf(seed, next);
        next += 1;
        outcomes.note(plan.id, await caller.call(plan));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, call));
  };

  await callUntil(Math.floor(requests * WARM_UP));
  const warm = await heldMemory();
  const warmed = performance.now();
  await callUntil(requests);
  const rate = (requests * (1 - WARM_UP) * 1_000) / (performance.now() - warmed);
  const rss = process.memoryUsage.rss();
  const held = await heldMemory();

  violations.expect(held - warm < MOST_GROWTH, `${megabytes(held - warm)} more are held than after the warm-up`);
  const tokenRequests = await api.program.call('tokenRequests', null);
  const endings = await checkAll(api, options, outcomes, violations);
  const made = clients.endings;
  violations.expect(made.ended === made.begun, `${made.begun - made.ended} requests of undici were never ended`);
  violations.expect(made.late === 0, `requests of undici got an event after their end, ${made.late} times`);
  for (const surprise of caller.surprises) violations.note(`an error: ${nameOf(surprise)}`);

  await clients.close();
  const connections = async (most: number, otherwise: string) => {
    let count = 0;
    const few = await eventually(async () => {
      count = await api.program.call('connections', null);
      return count <= most;
    }, deadline);
    violations.expect(few, `${count} connections are ${otherwise}`);
    return count;
  };
  const kept = await connections(atOnce * 2, 'kept');
  platformsDispatcher().close(); // Not waited for: what is left of its requests is in the connections that are left.
  await connections(0, 'left');
  await api.program.stop();
  await eventually(() => same(activeResources(), before), deadline);
  violations.expectSame('what keeps the process alive', activeResources(), before);
  // What the platform's `fetch` leaves on a signal goes with the request that it is about, when that is collected.
  await eventually(async () => {
    await heldMemory();
    return same(listeners(emitters, shutdown.signal), idle);
  }, deadline);
  violations.expectSame('listeners', listeners(emitters, shutdown.signal), idle);
  process.off('warning', warn);

  return {
    figures: {
      seed,
      requests,
      'requests of undici': made.begun,
      'token requests': tokenRequests.total,
      'of these faulty': tokenRequests.faulty,
      'seconds in all': Math.round((performance.now() - began) / 1_000),
      'requests per second': Math.round(rate),
      'held after the warm-up': megabytes(warm),
      'held in the end': megabytes(held),
      'resident set': megabytes(rss),
      'connections kept by the platform': kept,
      violations: violations.size,
    },
    endings,
    violations: violations.report(),
  };
}

/** Everything of a client's side that lives as long as an application. */
class Clients {
  readonly agent = new Agent();
  readonly endings = new Endings();
  readonly #transport = undiciTransport();
  readonly #services: readonly HurriedService[];
  readonly routes: (plan: { readonly service: 0 | 1; readonly slowToken: boolean }) => Routes;

  constructor(api: ApiProcess, { seed, chosenMutants }: SoakOptions) {
    const policy = { allowedOrigins: [api.api], otherOrigins: 'pass' } as const;
    const mistakes = chosenMutants.map((mutant) => mutants[mutant](api.api));
    const routesOf = (source: TokenSource): Routes => ({
      // A redirect is followed inside, without the token to another origin; that of `fetch` is a request of its own.
      dispatcher: this.agent.compose(
        interceptors.redirect({ maxRedirections: 3 }),
        authInterceptor(source, policy),
        ...mistakes,
        this.endings.interceptor,
      ),
      authenticatedFetch: authenticatedFetch(source, policy),
    });
    const [first, second] = api.services;
    const one = hurriedService(api.authorizationServer, first, this.#transport);
    const other = hurriedService(api.authorizationServer, second, fetchTransport());
    this.#services = [one, other];
    const quick = [routesOf(one), routesOf(other)] as const;
    const slow = [routesOf(slowed(one, seed)), routesOf(slowed(other, seed + 1))] as const;
    this.routes = ({ service, slowToken }) => (slowToken ? slow : quick)[service];
  }

  async close(): Promise<void> {
    await this.agent.close();
    for (const service of this.#services) await service.close();
    await this.#transport.close();
  }
}

async function checkAll(
  api: ApiProcess,
  { requests, seed }: SoakOptions,
  outcomes: Outcomes,
  violations: Violations,
): Promise<SoakReport['endings']> {
  const endings: Record<string, Record<string, number>> = {};
  for (let from = 0; from < requests; from += PAGE) {
    for (const record of await api.program.call('records', { from, to: Math.min(from + PAGE, requests) })) {
      const plan = planOf(seed, record.id);
      const outcome = outcomes.of(plan.id) ?? { kind: 'never ended', status: 0 };
      const ending = describe(outcome, record);
      const repeated = record.arrivals.length > 1 ? ['repeated'] : [];
      for (const name of [ending, ...repeated]) {
        endings[name] ??= {};
        endings[name][plan.way] = (endings[name][plan.way] ?? 0) + 1;
      }
      for (const rule of brokenRules(plan, record, outcome)) {
        violations.note(`a request ${rule}`, JSON.stringify({ plan: brief(plan), outcome, ...record }));
      }
    }
  }
  return endings;
}

function describe({ kind, status }: Outcome, { arrivals }: RequestRecord): string {
  if (kind !== 'aborted') return status === 0 ? kind : `${kind} ${status}`;
  const last = arrivals.at(-1);
  if (last === undefined) return 'aborted before it was sent';
  return last.status === 0 ? 'aborted before its answer' : 'aborted after its answer began';
}

/** A plan without what is long. */
function brief({ content, ...plan }: Plan): object {
  return plan;
}

/** What was broken, each rule with how often and an example. */
class Violations {
  readonly #broken = new Map<string, { times: number; readonly example: string }>();

  note(rule: string, example = ''): void {
    const broken = this.#broken.get(rule);
    if (broken === undefined) this.#broken.set(rule, { times: 1, example });
    else broken.times += 1;
  }

  expect(holds: boolean, otherwise: string): void {
    if (!holds) this.note(otherwise);
  }

  expectSame(what: string, now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): void {
    this.expect(
      same(now, before),
      `${what}: ${JSON.stringify(now)} is left, and it began with ${JSON.stringify(before)}`,
    );
  }

  get size(): number {
    return [...this.#broken.values()].reduce((sum, { times }) => sum + times, 0);
  }

  report(): string[] {
    return [...this.#broken].map(([rule, { times, example }]) => `${rule} (${times} times) ${example}`.trim());
  }
}

function same(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): boolean {
  return [...Object.keys(one), ...Object.keys(other)].every((key) => (one[key] ?? 0) === (other[key] ?? 0));
}

/**
 * Returns the dispatcher of the platform's `fetch`. It never closes a connection that was opened for a request that was
 * aborted before it was sent, so it must be closed: a server does not treat such a connection as idle.
 */
function platformsDispatcher(): { close(): unknown } {
  const dispatcher: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
  if (dispatcher === undefined) throw new Error('The platform does not say what its fetch sends by.');
  return dispatcher as { close(): unknown };
}

function nameOf(error: unknown): string {
  const { name, message, code, cause } = error as NodeJS.ErrnoException & { readonly cause?: unknown };
  return `${name} ${code ?? ''} ${message}${cause instanceof Error ? ` < ${nameOf(cause)}` : ''}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(2)} MB`;
}
