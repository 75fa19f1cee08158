/**
 * Kills processes at random moments of a refresh, and checks what is left: `npm run crash -- --kills 1000`.
 *
 * Two processes share a user's session and are both asked to refresh it. During the refresh one of them is killed, each time
 * at a different moment, and the other must continue: its clock is advanced until any lease of the dead one has
 * expired. Then a new process replaces the dead one.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomNumbers } from '@frameio-auth/conformance';
import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import type { TokenStorage } from '@frameio-auth/core/adapter';
import { fileStorage } from '@frameio-auth/storage-file';
import { type AuthorizationServer, manualClock, startAuthorizationServer } from '@frameio-auth/testing';
import { fetchTransport } from '@frameio-auth/transport-fetch';
import { type Commands, Instance } from './instance.ts';

export interface CrashOptions {
  readonly kills: number;
  readonly seed: number;
  /** For how many milliseconds the server accepts a spent refresh token again; 0: never. */
  readonly gracePeriod: number;
}

export interface CrashFigures {
  readonly kills: number;
  /** One each time that both were asked to, and one more if one was asked after the other had finished. */
  readonly refreshes: number;
  readonly tokenRequests: number;
  /** Kills after the server took the request and before the commit: the refresh token was presented again. */
  readonly ambiguous: number;
  /** Sessions that ended as `refresh_interrupted` after such a kill. */
  readonly interrupted: number;
  /** Sessions that ended in another way, or though the server still honoured what was in storage. Must be 0. */
  readonly lost: number;
  /** Versions that fell, or did not grow with a refresh. Must be 0. */
  readonly regressions: number;
  /** States that could not be read after a kill. Must be 0. */
  readonly unreadable: number;
  /** Files that the session had in the end beside its one. Must be 0. */
  readonly leftovers: number;
}

/** A grace period that no test outlives, in milliseconds. */
export const GRACE = 3_600_000;

/** How far a survivor's clock is moved at a time, in milliseconds. */
const STEP = 5_000;

/** How many refreshes are timed, and how far beyond their time the last kills fall. */
const TIMED = 5;
const BEYOND = 1.5;

/** How often a thing may be found not yet as it should be in the end. */
const LOOKS = 400;

export async function crash({ kills, seed, gracePeriod }: CrashOptions): Promise<CrashFigures> {
  const random = randomNumbers(seed);
  const directory = await mkdtemp(join(tmpdir(), 'crash-'));
  const server = await startAuthorizationServer({ rotation: 'strict', gracePeriod });
  const host = new Host(server, directory, 2 + kills);
  const count = { refreshes: TIMED, interrupted: 0, lost: 0, regressions: 0, unreadable: 0 };
  try {
    await host.signIn();
    let pair: [Instance, Instance] = [await host.join(), await host.join()];
    const window = BEYOND * (await host.timeOfRefresh(pair[0]));
    for (let killed = 0; killed < kills; killed += 1) {
      const [victim, survivor] = random() < 0.5 ? pair : [pair[1], pair[0]];
      const token = await host.agreedToken(pair);
      const before = await host.look();
      const begun = pair.map((instance) => instance.replaced.length);
      const presentedBefore = host.presented();

      victim.call('refresh', null).catch(() => {}); // It is killed, so there may be no response.
      const refreshed = survivor.call('refresh', null);
      await delay(((killed + random()) / kills) * window);
      await victim.kill();
      const left = await host.look();
      const reply = await host.advanceUntil(survivor, refreshed);
      const after = await host.look();

      const late = pair
        .flatMap((instance, index) => instance.replaced.slice(begun[index]))
        .filter((each) => each !== token);
      count.refreshes += 1 + late.length;
      count.unreadable += [left, after].filter(({ value }) => value === undefined).length;
      if (left.version < before.version || after.version <= before.version) count.regressions += 1;
      if ('ending' in reply) {
        const { total, repeated } = host.presented();
        const ambiguous = total > presentedBefore.total && repeated > presentedBefore.repeated;
        const excused = gracePeriod === 0 && ambiguous && reply.ending === 'refresh_interrupted';
        if (excused && !host.honours(left.value)) count.interrupted += 1;
        else count.lost += 1;
        await host.signIn();
      } else if (!server.accessTokenIsLive(reply.token)) {
        count.lost += 1;
      }
      pair = [survivor, await host.join()];
    }
    await host.agreedToken(pair);
    const { total, repeated } = host.presented();
    return { kills, tokenRequests: total, ambiguous: repeated, ...count, leftovers: await host.leftovers() };
  } finally {
    await host.close();
    await server.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The directory, the processes that share it, and what can be seen of both. */
class Host {
  readonly #server: AuthorizationServer;
  readonly #directory: string;
  readonly #clock = manualClock({ now: Date.now() });
  readonly #storage: TokenStorage;
  readonly #instances = new Set<Instance>();
  readonly #spare: Instance[] = [];
  /** How many processes it starts in all. */
  readonly #most: number;
  #key = '';

  constructor(server: AuthorizationServer, directory: string, most: number) {
    this.#most = most;
    this.#server = server;
    this.#directory = directory;
    this.#storage = fileStorage({ directory, clock: this.#clock });
  }

  /** Signs the user in, in this process, and notes under which key the session is kept. */
  async signIn(): Promise<void> {
    const storage: TokenStorage = {
      ...this.#storage,
      watch: (key, listener) => {
        this.#key = key;
        return this.#storage.watch(key, listener);
      },
    };
    const { origin, clients } = this.#server;
    const profile = adobeIms({ origin });
    const transport = fetchTransport();
    const auth = new WebAppAuth({ ...clients.webApp, server: profile, transport, storage, clock: this.#clock });
    const { url } = await auth.getAuthorizationUrl();
    await auth.handleCallback(await this.#server.signIn(url));
    await auth.close();
  }

  /** A new process, ready; the next one is started meanwhile. */
  async join(): Promise<Instance> {
    const instance = this.#spare.shift() ?? this.#start();
    if (this.#instances.size < this.#most) this.#spare.push(this.#start());
    const { origin, clients } = this.#server;
    await instance.call('open', { directory: this.#directory, origin, client: clients.webApp, now: this.#clock.now() });
    return instance;
  }

  #start(): Instance {
    const instance = new Instance();
    this.#instances.add(instance);
    return instance;
  }

  /** The token that all of them serve, as soon as the hint of the last change has reached them. */
  async agreedToken(instances: readonly Instance[]): Promise<string> {
    for (let look = 0; look < LOOKS; look += 1) {
      const served = await Promise.all(instances.map((instance) => instance.call('getTokens', { callers: 1 })));
      const [token = '', ...others] = new Set(served.flat());
      if (others.length === 0) return token;
      await delay(5);
    }
    throw new Error('Two processes at rest go on serving different tokens.');
  }

  /** How long a refresh takes, in milliseconds. */
  async timeOfRefresh(instance: Instance): Promise<number> {
    await instance.call('getTokens', { callers: 1 });
    const start = performance.now();
    for (let turn = 0; turn < TIMED; turn += 1) await instance.call('refresh', null);
    return (performance.now() - start) / TIMED;
  }

  /** What is in storage; `value` is absent when it cannot be read. */
  async look(): Promise<{ readonly version: number; readonly value?: string }> {
    const reading = await this.#storage.read(this.#key).catch(() => undefined);
    return reading?.record ?? { version: 0 };
  }

  /** Whether the server would take the refresh token in a record. */
  honours(value = ''): boolean {
    return this.#server.secrets().some((secret) => value.includes(secret) && this.#server.refreshTokenIsLive(secret));
  }

  /** How many refresh tokens the server was shown, and how many of those not for the first time. */
  presented(): { readonly total: number; readonly repeated: number } {
    const refreshes = this.#server.requests.filter(({ grantType }) => grantType === 'refresh_token');
    const tokens = new Set(refreshes.map(({ form }) => form['refresh_token']));
    return { total: refreshes.length, repeated: refreshes.length - tokens.size };
  }

  /** Advances the clock of a process until it responds. */
  async advanceUntil(
    instance: Instance,
    answer: Promise<Commands['refresh']['result']>,
  ): Promise<Commands['refresh']['result']> {
    let answered = false;
    const note = () => {
      answered = true;
    };
    answer.then(note, note);
    while (!answered) {
      this.#clock.setNow(await instance.call('advance', { milliseconds: STEP }));
      await Promise.race([answer, delay(2)]);
    }
    return answer;
  }

  /** How many files the session keeps beside its one. A change that is under way has one more for a moment. */
  async leftovers(): Promise<number> {
    for (let look = 1; ; look += 1) {
      const count = await this.#filesBesideOne();
      if (count === 0 || look === LOOKS) return count;
      await delay(5);
    }
  }

  async #filesBesideOne(): Promise<number> {
    let files = 0;
    for (const name of await readdir(this.#directory, { recursive: true })) {
      if (name.endsWith('.json')) files += 1;
    }
    return files - (await readdir(this.#directory)).filter((name) => /^[0-9a-f]{64}$/.test(name)).length;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#instances].map((instance) => instance.kill()));
    await this.#storage.close();
  }
}

/** What must not be, of what was counted; empty when all is well. */
export function faultsOf(figures: CrashFigures, gracePeriod: number): string[] {
  const { refreshes, tokenRequests, ambiguous, interrupted } = figures;
  const zeros = (['lost', 'regressions', 'unreadable', 'leftovers'] as const).filter((name) => figures[name] !== 0);
  const faults = zeros.map((name) => `${name}: ${figures[name]}`);
  // A server with a grace period accepts the spent token once more, so the lost response costs no session.
  const excused = gracePeriod === 0 ? ambiguous : 0;
  if (interrupted !== excused) faults.push(`interrupted: ${interrupted} instead of ${excused}`);
  if (tokenRequests > refreshes + ambiguous) faults.push(`${tokenRequests} token requests for ${refreshes} refreshes`);
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '1000' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    },
  });
  const kills = Math.ceil(Number(values.kills) / 2);
  const seed = Number(values.seed);
  console.log(
    `Seed ${seed}: ${kills} kills with a server that has a grace period, and ${kills} with one that has none.`,
  );
  const [withGrace, strict] = await Promise.all([
    crash({ kills, seed, gracePeriod: GRACE }),
    crash({ kills, seed: seed + 1, gracePeriod: 0 }),
  ]);
  console.table({ 'grace period': withGrace, strict });
  const faults = [...faultsOf(withGrace, GRACE), ...faultsOf(strict, 0)];
  for (const fault of faults) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
