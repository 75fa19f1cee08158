import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { getStateNodes } from 'xstate/graph';
import type { SessionInput } from '../../src/machine/context.js';
import type { SessionEvent, SessionOccurrence } from '../../src/machine/events.js';
import { sessionMachine } from '../../src/machine/session-machine.js';
import { initialSnapshot, type MachineSnapshot, transition } from '../../src/machine/transition.js';
import { HOUR, SERVICE, USER } from './fixtures.js';
import { type Invariant, invariants, invariantsAbout } from './invariants.js';
import { essenceOf, firstWorld, type Happening, isPaced, move, movesOf, storyOf, type World } from './world.js';

/** Where each move of a world leads. Worlds with the same moves share the list of them. */
interface Way {
  readonly moves: ReadonlyMap<string, number>;
  readonly ends: readonly World[];
}

/** Every possible world, and the result of every possible move in it. */
interface Model {
  /** By world; each is reached by its shortest story. */
  readonly paths: ReadonlyMap<World, Way>;
  /** The worlds reached by a step that violated an invariant. */
  readonly violations: ReadonlyMap<Invariant, readonly World[]>;
  readonly summary: Summary;
}

/** What is kept of a model when its paths are no longer needed. */
interface Summary {
  /** The events, by the type of the move. */
  readonly occurrences: ReadonlyMap<string, SessionOccurrence>;
  /** One step of each kind: the state before it, the event, the state after it, and the effects. */
  readonly kinds: readonly { readonly snapshot: MachineSnapshot; readonly event: SessionEvent }[];
  /** One world of each kind, without its story. */
  readonly worlds: readonly World[];
}

/** Walks every path. Each step is checked as it is made, because there are too many to keep. */
function modelOf(input: SessionInput): Model {
  const first = firstWorld(input);
  const worlds = new Map([[essenceOf(first), first]]);
  const paths = new Map<World, Way>();
  const lists = new Map<string, Way['moves']>();
  const violations = new Map(invariants.map((invariant) => [invariant, [] as World[]]));
  const occurrences = new Map<string, SessionOccurrence>();
  const kinds: { snapshot: MachineSnapshot; event: SessionEvent }[] = [];
  const seen = new Branch();
  // The map grows during the iteration, so the shortest story of each world is found first.
  for (const world of worlds.values()) {
    const moves = movesOf(world);
    const ends: World[] = [];
    for (const next of moves) {
      const after = move(world, next);
      const step = after.last as Happening;
      const essence = essenceOf(after);
      const known = worlds.get(essence);
      if (known === undefined) worlds.set(essence, after);
      ends.push(known ?? after);
      for (const invariant of invariantsAbout(step.effects))
        if (!invariant.holds(after, step)) violations.get(invariant)?.push(after);
      if (step.event === null || next.occurrence === null) continue;
      let kind = seen.at(world.state).at(next.type).at(after.state);
      if (isPaced(world)) kind = kind.at('paced');
      for (const { type } of step.effects) kind = kind.at(type);
      if (kind.isEnd) continue;
      kind.isEnd = true;
      kinds.push({ snapshot: world.snapshot, event: step.event });
      occurrences.set(next.type, next.occurrence);
    }
    const types = moves.map(({ type }) => type);
    const list = lists.get(types.join()) ?? new Map(types.map((type, index) => [type, index]));
    lists.set(types.join(), list);
    paths.set(world, { moves: list, ends });
  }
  return { paths, violations, summary: { occurrences, kinds, worlds: typical(worlds.values()) } };
}

function typical(worlds: Iterable<World>): World[] {
  const byKind = new Map<string, World>();
  for (const world of worlds) {
    const { tokens, failure } = world.snapshot.context;
    byKind.set([world.state, tokens?.refreshable, !failure].join(), { ...world, last: null });
  }
  return [...byKind.values()];
}

/** A tree of words, which finds a list of words without joining them into a text. */
class Branch {
  isEnd = false;
  readonly #branches = new Map<string, Branch>();

  at(word: string): Branch {
    const known = this.#branches.get(word);
    if (known !== undefined) return known;
    const branch = new Branch();
    this.#branches.set(word, branch);
    return branch;
  }
}

const sessions = (['client_credentials', 'refresh_token'] as const).flatMap((renewal) =>
  (['request', 'fail'] as const).map((onStorageUnavailable) => ({
    ...(renewal === 'refresh_token' ? USER : SERVICE),
    onStorageUnavailable,
  })),
);
const models = sessions.map((input) => ({
  input,
  name: `${input.renewal}, without storage: ${input.onStorageUnavailable}`,
  model: { paths: new Map(), violations: new Map() } as unknown as Model,
  summary: undefined as Summary | undefined,
}));

/** Returns the first few worlds that break a rule, as stories. */
function pathsOf(worlds: Iterable<World>): string[] {
  const stories = new Map<string, string>();
  for (const world of worlds) {
    const kind = `${world.last?.move.type} ${world.state}`;
    if (stories.size < 5 && !stories.has(kind)) stories.set(kind, storyOf(world));
  }
  return [...stories.values()];
}

describe.each(models)('every path of a session ($name)', (entry) => {
  beforeAll(() => {
    entry.model = modelOf(entry.input);
    entry.summary = entry.model.summary;
  });
  // All models together take a gigabyte.
  afterAll(() => {
    entry.model = { ...entry.model, paths: new Map(), violations: new Map() };
  });

  it.each(invariants)('$rule', (invariant) => {
    const violations = entry.model.violations.get(invariant);
    expect(violations && pathsOf(violations)).toEqual([]);
  });

  it('stays plain JSON', () => {
    const violations = [...entry.model.paths.keys()].filter(({ snapshot }) => !isPlain(snapshot));
    expect(pathsOf(violations)).toEqual([]);
  });

  it('is the same on a second run', () => {
    const violations = [...entry.model.paths.keys()].filter(({ snapshot, last }) => {
      const again = last?.event
        ? transition(last.from.snapshot, last.event)[0]
        : (last?.from.snapshot ?? initialSnapshot(entry.input));
      return !isDeepStrictEqual(factsOf(again), factsOf(snapshot));
    });
    expect(pathsOf(violations)).toEqual([]);
  });

  it('serves all waiting callers once storage and server respond', () => {
    const left = leftWaiting(entry.model, {
      storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
      server: ['tokenResponse.received', 'revocation.finished'],
    });
    expect(left).toEqual([]);
  });

  it.each(['unreachable', 'busy', 'lost', 'misconfigured', 'refused', 'userMustAct'])(
    'rejects all waiting callers if every request to the server fails (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it.each(['unreachable', 'lost', 'misconfigured'])(
    'rejects all waiting callers if neither storage nor server responds (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['storage.failed'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it.each(['unreachable', 'lost', 'misconfigured'])(
    'rejects all waiting callers if the record cannot be read and the server does not respond (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['storage.failed, unreadable still'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it('leads to fresh tokens despite an unreadable record, by a sign-in or an import', () => {
    const { renewal, onStorageUnavailable } = entry.input;
    const goesOn = renewal === 'client_credentials' && onStorageUnavailable === 'request';
    const tries = goesOn
      ? [...timers, 'token.requested']
      : // A caller that waits for the record to be read may wait forever.
        ['code.received', 'tokens.imported, fresh', ...timers, 'session.opened'];
    const answers = [
      'lease.granted',
      'commit.succeeded',
      'storage.failed, unreadable',
      'tokenResponse.received',
      'revocation.finished',
    ];
    const isThere = ({ state }: World) => state === 'valid.fresh';
    const lost = unled(entry.model, () => true, isThere, [...answers, ...tries]);
    expect(lost).toEqual([]);
  });

  it('keeps no caller waiting for ever more requests, if the server issues tokens that have expired on arrival', () => {
    const left = leftWaiting(entry.model, {
      storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
      server: ['tokenResponse.received, expired on arrival', 'revocation.finished'],
    });
    expect(left).toEqual([]);
  });

  it('leads to fresh tokens from every state, by a sign-in or, for a service, by a request', () => {
    const requests =
      entry.input.renewal === 'refresh_token' ? ['code.received', 'session.opened'] : ['token.requested'];
    const answers = [
      'record.read, known',
      'record.read, absent',
      'lease.granted',
      'commit.succeeded',
      'tokenResponse.received',
      'revocation.finished',
    ];
    const isThere = ({ state }: World) => state === 'valid.fresh';
    const lost = unled(entry.model, () => true, isThere, [...answers, ...timers, ...requests]);
    expect(lost).toEqual([]);
  });
});

const factsOf = ({ value, context }: MachineSnapshot) => ({ value, context });

function isPlain(snapshot: MachineSnapshot): boolean {
  return isJson(factsOf(snapshot));
}

/** Returns whether a value is unchanged after conversion to JSON and back. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || /string|boolean/.test(typeof value);
  const isPlainObject = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlainObject && Object.values(value).every(isJson);
}

const timers = ['pollTimer.elapsed', 'retryTimer.elapsed', '(the pace allows it)'];

/** Returns the stories in which a caller waits for more than a few moves, if storage and server respond as given. */
function leftWaiting(model: Model, answers: { storage: string[]; server: string[] }): string[] {
  const moves = [...answers.storage, ...answers.server, ...timers];
  return (['callers', 'importer'] as const).flatMap((who) =>
    unled(
      model,
      (world) => world[who],
      (world) => !world[who],
      moves,
    ),
  );
}

/**
 * Returns the stories of the worlds from which the first possible move, taken repeatedly, does not lead to the goal.
 */
function unled(
  { paths }: Model,
  isConcerned: (world: World) => boolean,
  isThere: (world: World) => boolean,
  moves: readonly string[],
): string[] {
  const leads = new Set<World>();
  const stories: string[] = [];
  for (const begin of paths.keys()) {
    if (!isConcerned(begin)) continue;
    const passed = [begin];
    const made: string[] = [];
    let at = begin;
    while (!leads.has(at) && !isThere(at) && made.length < 40) {
      const way = paths.get(at);
      const type = moves.find((candidate) => way?.moves.has(candidate));
      if (way === undefined || type === undefined) break;
      at = way.ends[way.moves.get(type) as number] as World;
      passed.push(at);
      made.push(type);
    }
    if (leads.has(at) || isThere(at)) for (const world of passed) leads.add(world);
    else if (stories.length < 5) {
      const steps = made.map((type, index) => `  ${type} → ${essenceOf(passed[index + 1] as World)}`);
      stories.push(`${storyOf(begin)}  and then\n${steps.join('\n')}`);
    }
  }
  return stories;
}

describe('the machine as a whole', () => {
  let summaries: readonly Summary[];
  beforeAll(() => {
    summaries = models.map(({ summary, input }) => summary ?? modelOf(input).summary);
  });

  /** Returns every transition that the chart defines, with a readable name. */
  function definedTransitions(): Map<object, string> {
    const names = new Map<object, string>();
    for (const node of [sessionMachine.root, ...getStateNodes(sessionMachine)]) {
      const all = [...node.transitions.values(), node.always ?? []].flat();
      const counts = new Map<string, number>();
      for (const transition of all) {
        const event = String(transition.eventType) || 'always';
        const count = (counts.get(event) ?? 0) + 1;
        counts.set(event, count);
        names.set(transition, `${node.path.join('.')}: ${event} #${count}`);
      }
    }
    return names;
  }

  /** Records the transitions of each step, which XState reports to its inspectors. */
  function transitionsTaken(): { see(snapshot: MachineSnapshot, event: SessionEvent): void; taken: Set<object> } {
    const taken = new Set<object>();
    const self = createActor(sessionMachine, {
      input: USER,
      inspect: (inspected) => {
        if (inspected.type === '@xstate.microstep')
          for (const transition of inspected._transitions) taken.add(transition);
      },
    });
    const nothing = () => {};
    const scope = {
      self,
      system: self.system,
      id: self.id,
      sessionId: self.sessionId,
      defer: nothing,
      emit: nothing,
      logger: nothing,
      stopChild: nothing,
      actionExecutor: nothing,
    };
    return { see: (snapshot, event) => void sessionMachine.transition(snapshot, event, scope), taken };
  }

  it('reaches every state', () => {
    const reached = new Set<string>();
    for (const { worlds } of summaries) {
      for (const { state } of worlds) reached.add(state);
    }
    const atomic = getStateNodes(sessionMachine)
      .filter(({ type, key }) => type === 'atomic' && key !== 'settling')
      .map(({ path }) => path.join('.'));
    expect([...reached].sort()).toEqual(atomic.sort());
  });

  it('takes every transition, except inherited ones that a state cannot need', () => {
    const { see, taken } = transitionsTaken();
    for (const { kinds } of summaries) {
      for (const { snapshot, event } of kinds) see(snapshot, event);
    }
    const untaken = [...definedTransitions()].filter(([transition]) => !taken.has(transition)).map(([, name]) => name);
    const advice =
      'If the event is new, let it happen in movesOf(). If no path can take it, list it here with the reason.';
    expect(untaken, advice).toEqual([
      // Without a sign-in there is nothing to revoke; only a service may have a record that it could not read.
      'unauthenticated: revocation.requested #1',
      // A service does not sign in like a user, and there are no tokens here.
      'authorizing.awaitingRedirect: token.requested #1',
      'authorizing.awaitingRedirect: refresh.requested #1',
      'authorizing.awaitingRedirect: revocation.requested #1',
      // A service gets no code, and has no tokens yet that could be rejected or revoked. A user with a code waits.
      'authorizing.waiting: code.received #1',
      'authorizing.waiting: revocation.requested #1',
      'authorizing.backingOff: token.rejected #2',
      'authorizing.backingOff: token.rejected #3',
      'authorizing.backingOff: code.received #1',
      'authorizing.backingOff: revocation.requested #1',
      // There are always tokens here.
      'valid: revocation.requested #2',
      // A valid token that cannot be refreshed is served from memory, without an event. Only after a clock jump is a
      // valid token requested that the server just issued.
      'valid.fresh: token.requested #1',
      'valid.fresh: token.requested #4',
      'refreshing.waiting: revocation.requested #2',
      // A code is exchanged in another state.
      'refreshing.backingOff: revocation.requested #2',
      'expired: revocation.requested #1',
      'revoked: revocation.requested #1',
    ]);
  });

  it('accepts any event in any state, even unexpected ones', () => {
    const occurrences = new Map<string, SessionOccurrence>();
    for (const summary of summaries) {
      for (const [type, occurrence] of summary.occurrences) occurrences.set(type, occurrence);
    }
    const violations: World[] = [];
    for (const world of summaries.flatMap(({ worlds }) => worlds)) {
      for (const [type, occurrence] of occurrences) {
        for (const now of [world.now - HOUR, world.now + HOUR]) {
          const next = move(world, { type, occurrence, now });
          const isLawful = lawsForAnyEvent.every(({ holds }) => holds(next, next.last as Happening));
          if (!isLawful || !isPlain(next.snapshot)) violations.push(next);
        }
      }
    }
    expect(pathsOf(violations)).toEqual([]);
  });
});

/** What must hold even for events that a session would not send. */
const lawsForAnyEvent = invariants.filter(({ rule }) =>
  /^(?:settles|asks only for|starts no timer|says in every|holds received|adopts|announces|asks by|writes)/.test(rule),
);
