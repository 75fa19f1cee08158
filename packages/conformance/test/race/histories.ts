import type { RaceEvent } from '../../src/race/history.js';

type Process = { readonly process: string };
const by = (process: string): Process => ({ process });

/** What a process says of a lease that it was granted. */
export function leased(process: string, at: number, options: { ttl?: number; version?: number } = {}): RaceEvent[] {
  const { ttl = 1_000, version = 1 } = options;
  return asked(process, at, { call: 'lease', outcome: 'granted', ttl, version });
}

let questions = 0;

/** Returns a call of the storage at a time, and its reply a millisecond later. */
export function asked(
  process: string,
  at: number,
  {
    ttl,
    ...answer
  }: Pick<Extract<RaceEvent, { kind: 'storage.answered' }>, 'call' | 'outcome' | 'version'> & {
    readonly ttl?: number;
  },
): RaceEvent[] {
  questions += 1;
  const about = { ...by(process), key: 'session', question: questions, call: answer.call };
  return [
    { kind: 'storage.asked', at, ...about, ...(ttl === undefined ? {} : { ttl }) },
    { kind: 'storage.answered', at: at + 1, asked: at, ...about, ...answer },
  ];
}

export interface Refresh {
  readonly presents: string;
  readonly gives?: string;
  /** Whether the process gets the reply. Default: true. */
  readonly arrives?: boolean;
}

let requests = 0;

/**
 * Returns a refresh that a process requests at a time and the server grants, with a response two milliseconds later.
 */
export function refreshed(process: string, at: number, { presents, gives, arrives = true }: Refresh): RaceEvent[] {
  requests += 1;
  const request = `${process}-${requests}`;
  const about = { ...by(process), request };
  return [
    { kind: 'request.sent', at, ...about },
    { kind: 'token.presented', at, ...about, refreshToken: presents },
    {
      kind: 'token.decided',
      at: at + 1,
      ...about,
      outcome: 'granted',
      accessToken: `access of ${gives}`,
      expiresAt: at + 2_000,
      ...(gives === undefined ? {} : { refreshToken: gives }),
    },
    { kind: 'request.ended', at: at + 2, ...about, ...(arrives ? { status: 200 } : {}) },
  ];
}

export function committed(process: string, at: number, version: number): RaceEvent[] {
  return asked(process, at, { call: 'commit', outcome: 'committed', version });
}

export function returned(process: string, at: number, token: string, asked = at): RaceEvent {
  return { kind: 'token.returned', at, ...by(process), token, asked, decided: at, callers: 1 };
}

export function faulty(at: number, until: number, what: { process?: string; losesWrites?: boolean } = {}): RaceEvent[] {
  const about = { fault: 'trouble', losesWrites: false, ...what };
  return [
    { kind: 'fault.began', at, ...about },
    { kind: 'fault.ended', at: until, ...about },
  ];
}
