import { enableCompileCache, flushCompileCache } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fingerprint } from '@frameio-auth/testing';
import { type RandomNumbers, randomNumbers } from '../random.js';
import type { Handed, RaceEvent } from './history.js';
import type { CreateMember, RaceMember } from './member.js';
import type { Message, Order, Orders } from './orders.js';
import { codeOf, Witness } from './witness.js';

/** One process of a race: it creates its member, calls it as ordered, and reports the tokens it gets. */

enableCompileCache();

/** How many callers in the process use the session, each at its own pace. */
const CALLERS = 2;

/** How long a caller pauses between two calls, in milliseconds. */
const PAUSE = { least: 20, spread: 100 };

let member: RaceMember;
let origin: string;
let name: string;
let working = false;
let calling: Promise<void>[] = [];

/** When the process was last seen running: just before anything that it does now. */
let lastSeen: number;
let looking: NodeJS.Timeout | undefined;

function look(): void {
  lastSeen = Date.now();
}

function send(message: Message): void {
  // If the race has ended, no process receives the message, and this one ends soon.
  if (process.connected) process.send?.(message);
}

function tell(event: RaceEvent): void {
  send({ event });
}

const orders: { readonly [Name in keyof Orders]: (order: Orders[Name]['takes']) => Promise<Orders[Name]['gives']> } = {
  async open({ module, process, index, origin: at, client, parameters, storageAddress, leaseTtl }) {
    const { createMember } = (await import(module)) as { createMember?: CreateMember };
    if (createMember === undefined) throw Object.assign(new Error(), { code: 'the module exports no createMember' });
    [name, origin] = [process, at];
    look();
    looking = setInterval(look, 5);
    const witness = new Witness({ process, leaseTtl, tell });
    member = await createMember({
      index,
      origin,
      client,
      parameters,
      ...(storageAddress === null ? {} : { storageAddress }),
      witnessStorage: (storage) => witness.storage(storage),
      witnessTransport: (transport) => witness.transport(transport),
    });
    member.session.subscribe(({ step, ending }) => {
      const cause = ending === null ? {} : { cause: ending.cause };
      tell({ kind: 'state', at: Date.now(), process, step, ...cause });
    });
    flushCompileCache(); // Node does this when a process ends, but this one may be killed.
    return null;
  },

  async beginSignIn() {
    return (await member.session.getAuthorizationUrl()).url;
  },

  async endSignIn(callback) {
    await member.session.handleCallback(callback);
    return null;
  },

  async work({ seed }) {
    working = true;
    const random = randomNumbers(seed);
    calling = Array.from({ length: CALLERS }, () => callAgainAndAgain(randomNumbers(random() * 2 ** 32)));
    return null;
  },

  async rest() {
    working = false;
    return null;
  },

  async settle({ patience }) {
    const settlement = await settle(AbortSignal.timeout(patience)).catch((error: unknown) => codeOf(error));
    const { step, ending } = member.session.snapshot;
    const stands = { step, cause: ending?.cause ?? null };
    return typeof settlement === 'string'
      ? { valid: false, ...stands, code: settlement }
      : { valid: settlement, ...stands, code: settlement ? null : 'rejected_by_the_api' };
  },

  async close() {
    await member.close();
    // The next race must receive no events of this one.
    await Promise.all(calling);
    clearInterval(looking);
    return null;
  },
};

async function callAgainAndAgain(random: RandomNumbers): Promise<void> {
  while (working) {
    await delay(PAUSE.least + random() * PAUSE.spread);
    await callOnce(random()).catch((error: unknown) => {
      tell({ kind: 'refused', at: Date.now(), process: name, code: codeOf(error) });
    });
  }
}

async function callOnce(chance: number): Promise<void> {
  const { session } = member;
  if (chance < 0.75) return handed(8, () => session.getToken());
  if (chance < 0.82) return handed(1, async () => session.peekToken());
  if (chance < 0.87) return session.refresh();
  if (chance < 0.9) return handed(1, () => session.getToken({ rejected: session.peekToken() ?? '' }));
  const token = await session.getToken();
  if ((await statusFor(token)) === 401) await handed(1, () => session.getToken({ rejected: token }));
}

/** Requests a token for several concurrent callers, and reports which ones they got. */
async function handed(callers: number, ask: () => Promise<string | undefined>): Promise<void> {
  const asked = Date.now();
  const replies = await Promise.allSettled(
    Array.from({ length: callers }, async () => {
      const token = await ask();
      // In the same turn as the response: a process that is stopped afterwards had not decided late.
      return { token, at: Date.now(), decided: Math.max(asked, lastSeen) };
    }),
  );
  const events = new Map<string, Handed & { readonly at: number }>();
  for (const reply of replies) {
    if (reply.status === 'rejected' || reply.value.token === undefined) continue;
    const { at, decided } = reply.value;
    const token = fingerprint(reply.value.token);
    const others = events.get(token)?.callers ?? 0;
    events.set(token, { kind: 'handed', at, process: name, token, asked, decided, callers: others + 1 });
  }
  for (const event of events.values()) tell(event);
  const failed = replies.find((reply) => reply.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Resolves to whether the API accepts the session's token, after at most one refresh. */
async function settle(signal: AbortSignal): Promise<boolean> {
  const { session } = member;
  const token = await session.getToken({ signal });
  if ((await statusFor(token, signal)) === 200) return true;
  await session.refresh();
  return (await statusFor(await session.getToken({ signal }), signal)) === 200;
}

async function statusFor(token: string, signal?: AbortSignal): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${origin}/v4/me`, { headers, ...(signal && { signal }) });
  await response.body?.cancel();
  return response.status;
}

async function obey<Name extends keyof Orders>({ id, name: order, order: takes }: Order<Name>): Promise<void> {
  try {
    send({ id, gives: await orders[order](takes) });
  } catch (error) {
    send({ id, error: codeOf(error) });
  }
}

process.on('message', (order: Order) => void obey(order));
process.on('disconnect', () => process.exit());
