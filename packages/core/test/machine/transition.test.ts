import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createActor, transition as xstateTransition } from 'xstate';
import { createTestModel } from 'xstate/graph';
import { effectActions } from '../../src/machine/effects.js';
import type { SessionEvent } from '../../src/machine/events.js';
import { sessionMachine } from '../../src/machine/session-machine.js';
import { initialSnapshot, type MachineSnapshot, pathOf, transition } from '../../src/machine/transition.js';
import { failures, record, SERVICE, START, tokens, USER } from './fixtures.js';

/** A history with many kinds of events. */
const EVENTS: readonly SessionEvent[] = [
  { type: 'token.requested', now: START },
  { type: 'record.read', now: START, record: record.holding(7, tokens(START)) },
  { type: 'refresh.requested', now: START + 1 },
  { type: 'lease.granted', now: START + 2, abandoned: true },
  { type: 'tokenRequest.failed', now: START + 3, failure: failures.lost },
  { type: 'tokenRequest.failed', now: START + 4, failure: failures.lost },
  { type: 'retryTimer.elapsed', now: START + 5 },
  { type: 'lease.moved', now: START + 6, record: record.absent },
  { type: 'lease.granted', now: START + 7, abandoned: false },
  { type: 'tokenResponse.received', now: START + 8, tokens: tokens(START + 7) },
  { type: 'commit.succeeded', now: START + 9, version: 1 },
  { type: 'revocation.requested', now: START + 10 },
  { type: 'revocation.finished', now: START + 11 },
  { type: 'commit.succeeded', now: START + 12, version: 2 },
];

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

describe('transition()', () => {
  it('returns the same result for the same input', () => {
    let snapshot = initialSnapshot(USER);
    for (const event of EVENTS) {
      const [next, effects] = transition(snapshot, event);
      const [again, effectsAgain] = transition(snapshot, event);
      expect({ value: again.value, context: again.context }).toEqual({ value: next.value, context: next.context });
      expect(effectsAgain).toEqual(effects);
      snapshot = next;
    }
    expect(pathOf(snapshot)).toBe('revoked');
  });

  it('changes neither its snapshot nor its event', () => {
    let snapshot: MachineSnapshot = initialSnapshot(USER);
    for (const event of EVENTS) {
      freeze(snapshot.context);
      freeze(snapshot.value);
      [snapshot] = transition(Object.freeze(snapshot), freeze({ ...event }));
    }
    expect(pathOf(snapshot)).toBe('revoked');
  });

  it('keeps no memory of other sessions', () => {
    const alone = EVENTS.reduce((snapshot, event) => transition(snapshot, event)[0], initialSnapshot(USER));
    let [one, other] = [initialSnapshot(USER), initialSnapshot(SERVICE)];
    for (const event of EVENTS) {
      [other] = transition(other, event);
      [one] = transition(one, event);
    }
    expect(one.context).toEqual(alone.context);
  });

  it('returns effects without running them', () => {
    const [, effects] = transition(initialSnapshot(USER), { type: 'session.opened', now: START });
    expect(effects).toEqual([{ type: 'readRecord', params: undefined }]);
  });

  it('continues from a snapshot that was stored as JSON', () => {
    const [reading] = transition(initialSnapshot(USER), { type: 'session.opened', now: START });
    const kept = JSON.parse(JSON.stringify({ value: reading.value, context: reading.context }));
    const restored = sessionMachine.resolveState(kept);
    const event: SessionEvent = { type: 'record.read', now: START, record: record.holding(7, tokens(START)) };
    const [fromKept, effects] = transition(restored, event);
    expect(pathOf(fromKept)).toBe('valid.fresh');
    expect(effects).toEqual(transition(reading, event)[1]);
  });

  it("gives the result of XState's own transition()", () => {
    let snapshot = initialSnapshot(USER);
    for (const event of EVENTS) {
      const [next, effects] = transition(snapshot, event);
      const [expected, actions] = xstateTransition(sessionMachine, snapshot, event);
      expect({ value: next.value, context: next.context }).toEqual({
        value: expected.value,
        context: expected.context,
      });
      expect(effects).toEqual(actions.map(({ type, params }) => ({ type, params })));
      snapshot = next;
    }
  });
});

describe('the machine as an actor', () => {
  it.each(Object.keys(effectActions))('does not run without its effects (%s)', (name) => {
    const provided = Object.fromEntries(
      Object.keys(effectActions)
        .filter((other) => other !== name)
        .map((other) => [other, () => {}]),
    );
    expect(() => effectActions[name as keyof typeof effectActions](undefined, undefined as never)).toThrow(
      'The machine does no I/O',
    );
    const errors: unknown[] = [];
    const machine = sessionMachine.provide({ actions: provided as unknown as typeof effectActions });
    for (const events of [EVENTS, MORE_EVENTS]) {
      const actor = createActor(machine, { input: USER });
      actor.subscribe({ error: (error) => errors.push(error) });
      actor.start();
      for (const event of events) actor.send(event);
    }
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(String(error)).toContain('The machine does no I/O');
  });

  it('runs the effects of transition(), if they are provided', () => {
    const seen: string[] = [];
    const actions = Object.fromEntries(Object.keys(effectActions).map((name) => [name, () => void seen.push(name)]));
    const actor = createActor(sessionMachine.provide({ actions: actions as unknown as typeof effectActions }), {
      input: USER,
    });
    actor.start();
    let snapshot = initialSnapshot(USER);
    const said: string[] = [];
    for (const event of EVENTS) {
      actor.send(event);
      const [next, effects] = transition(snapshot, event);
      snapshot = next;
      said.push(...effects.map(({ type }) => type));
      expect(actor.getSnapshot().value).toEqual(snapshot.value);
      expect(actor.getSnapshot().context).toEqual(snapshot.context);
    }
    expect(seen).toEqual(said);
  });
});

/** The effects that the first history lacks. */
const MORE_EVENTS: readonly SessionEvent[] = [
  { type: 'session.opened', now: START },
  { type: 'record.read', now: START, record: record.holding(7, tokens(START)) },
  { type: 'refresh.requested', now: START },
  { type: 'lease.granted', now: START, abandoned: false },
  { type: 'leaseTimer.elapsed', now: START + 1 },
  { type: 'tokenRequest.failed', now: START + 2, failure: failures.refused },
  { type: 'commit.succeeded', now: START + 3, version: 8 },
  { type: 'code.received', now: START + 4 },
  { type: 'tokenRequest.failed', now: START + 5, failure: failures.refused },
];

describe('the source of the machine', () => {
  const folder = new URL('../../src/machine/', import.meta.url);
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({
      name,
      text: readFileSync(new URL(name, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
    }));

  it.each(sources)('uses no clock, no randomness and no I/O ($name)', ({ text }) => {
    expect(text).not.toMatch(/\bDate\b|Math\.random|\bperformance\b|\bcrypto\b|\bprocess\b|\bfetch\b|from 'node:/);
    expect(text).not.toMatch(
      /\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b|\bPromise\b|\basync\b|\bawait\b/,
    );
    expect(text).not.toMatch(/\binvoke:|\bafter:|\bspawn|\bassertEvent\b|\bsendTo\b|\braise\b/);
  });

  it.each(sources)('imports only itself, the kernel and XState ($name)', ({ name, text }) => {
    const imports = [...text.matchAll(/from '([^']+)'/g)].map(([, path]) => path);
    const allowed = [folder.href, new URL('../kernel/', folder).href];
    for (const path of imports) {
      if (path === 'xstate') continue;
      const { href } = new URL(String(path), new URL(name, folder));
      expect(allowed.some((room) => href.startsWith(room))).toBe(true);
    }
  });

  it('has no invocations and no delays, so that a model can be made of it', () => {
    expect(() => createTestModel(sessionMachine)).not.toThrow();
  });
});
