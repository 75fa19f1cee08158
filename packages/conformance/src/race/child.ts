import { enableCompileCache, flushCompileCache } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { fingerprint } from '@frameio-auth/testing';
import { type RandomNumbers, randomNumbers } from '../random.js';
import type { Command, Commands, Message } from './commands.js';
import type { RaceEvent, TokenReturned } from './history.js';
import type { CreateInstance, RaceInstance } from './instance.js';
import { codeOf, Recorder } from './recorder.js';

/** One process of a race: it creates its instance, calls it as ordered, and reports the tokens it gets. */

enableCompileCache();

/** How many callers in the process use the session, each at its own pace. */
const CALLERS = 2;

/** How long a caller pauses between two calls, in milliseconds. */
const PAUSE = { least: 20, spread: 100 };

let instance: RaceInstance;
let origin: string;
let processName: string;
let isCalling = false;
let calls: Promise<void>[] = [];

/** When the process was last seen running: just before anything that it does now. */
let lastSeen: number;
let timer: NodeJS.Timeout | undefined;

function noteRunning(): void {
  lastSeen = Date.now();
}

function send(message: Message): void {
  // If the race has ended, no process receives the message, and this one ends soon.
  if (process.connected) process.send?.(message);
}

function note(event: RaceEvent): void {
  send({ event });
}

const commands: {
  readonly [Name in keyof Commands]: (argument: Commands[Name]['argument']) => Promise<Commands[Name]['result']>;
} = {
  async open({ module, process, index, origin: at, client, parameters, storageAddress, leaseTtl }) {
    const { createInstance } = (await import(module)) as { createInstance?: CreateInstance };
    if (createInstance === undefined)
      throw Object.assign(new Error(), { code: 'the module exports no createInstance' });
    [processName, origin] = [process, at];
    noteRunning();
    timer = setInterval(noteRunning, 5);
    const recorder = new Recorder({ process, leaseTtl, note });
    instance = await createInstance({
      index,
      origin,
      client,
      parameters,
      ...(storageAddress === null ? {} : { storageAddress }),
      recordStorage: (storage) => recorder.storage(storage),
      recordTransport: (transport) => recorder.transport(transport),
    });
    instance.session.subscribe(({ step, ending }) => {
      const cause = ending === null ? {} : { cause: ending.cause };
      note({ kind: 'state.changed', at: Date.now(), process, step, ...cause });
    });
    flushCompileCache(); // Node does this when a process ends, but this one may be killed.
    return null;
  },

  async beginSignIn() {
    return (await instance.session.getAuthorizationUrl()).url;
  },

  async endSignIn(callback) {
    await instance.session.handleCallback(callback);
    return null;
  },

  async startCalls({ seed }) {
    isCalling = true;
    const random = randomNumbers(seed);
    calls = Array.from({ length: CALLERS }, () => callAgainAndAgain(randomNumbers(random() * 2 ** 32)));
    return null;
  },

  async stopCalls() {
    isCalling = false;
    return null;
  },

  async settle({ timeout }) {
    const finalState = await settle(AbortSignal.timeout(timeout)).catch((error: unknown) => codeOf(error));
    const { step, ending } = instance.session.snapshot;
    const stands = { step, cause: ending?.cause ?? null };
    return typeof finalState === 'string'
      ? { valid: false, ...stands, code: finalState }
      : { valid: finalState, ...stands, code: finalState ? null : 'rejected_by_the_api' };
  },

  async close() {
    await instance.close();
    // The next race must receive no events of this one.
    await Promise.all(calls);
    clearInterval(timer);
    return null;
  },
};

async function callAgainAndAgain(random: RandomNumbers): Promise<void> {
  while (isCalling) {
    await delay(PAUSE.least + random() * PAUSE.spread);
    await callOnce(random()).catch((error: unknown) => {
      note({ kind: 'call.failed', at: Date.now(), process: processName, code: codeOf(error) });
    });
  }
}

async function callOnce(chance: number): Promise<void> {
  const { session } = instance;
  if (chance < 0.75) return returnTokens(8, () => session.getToken());
  if (chance < 0.82) return returnTokens(1, async () => session.peekToken());
  if (chance < 0.87) return session.refresh();
  if (chance < 0.9) return returnTokens(1, () => session.getToken({ rejected: session.peekToken() ?? '' }));
  const token = await session.getToken();
  if ((await statusFor(token)) === 401) await returnTokens(1, () => session.getToken({ rejected: token }));
}

/** Requests a token for several concurrent callers, and reports which ones they got. */
async function returnTokens(callers: number, ask: () => Promise<string | undefined>): Promise<void> {
  const asked = Date.now();
  const replies = await Promise.allSettled(
    Array.from({ length: callers }, async () => {
      const token = await ask();
      // In the same turn as the response: a process that is stopped afterwards had not decided late.
      return { token, at: Date.now(), decided: Math.max(asked, lastSeen) };
    }),
  );
  const events = new Map<string, TokenReturned & { readonly at: number }>();
  for (const reply of replies) {
    if (reply.status === 'rejected' || reply.value.token === undefined) continue;
    const { at, decided } = reply.value;
    const token = fingerprint(reply.value.token);
    const others = events.get(token)?.callers ?? 0;
    events.set(token, { kind: 'token.returned', at, process: processName, token, asked, decided, callers: others + 1 });
  }
  for (const event of events.values()) note(event);
  const failed = replies.find((reply) => reply.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** Resolves to whether the API accepts the session's token, after at most one refresh. */
async function settle(signal: AbortSignal): Promise<boolean> {
  const { session } = instance;
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

async function run<Name extends keyof Commands>({ id, name, argument }: Command<Name>): Promise<void> {
  try {
    send({ id, result: await commands[name](argument) });
  } catch (error) {
    send({ id, error: codeOf(error) });
  }
}

process.on('message', (command: Command) => void run(command));
process.on('disconnect', () => process.exit());
