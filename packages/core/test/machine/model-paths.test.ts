import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActor, fromTransition, type TransitionSnapshot } from 'xstate';
import { type AdjacencyValue, getAdjacencyMap, getStateNodes } from 'xstate/graph';
import type { SessionInput } from '../../src/machine/context.js';
import type { SessionEvent, SessionOccurrence } from '../../src/machine/events.js';
import { sessionMachine } from '../../src/machine/session-machine.js';
import { firstSnapshot, pathOf, type SessionSnapshot, step } from '../../src/machine/step.js';
import { HOUR, SERVICE, USER } from './fixtures.js';
import { laws } from './laws.js';
import { essenceOf, firstWorld, type Happening, type Move, move, movesOf, storyOf, type World } from './world.js';

/** Every world that can come about, by its essence, and every move that leads from one to another. */
interface Model {
  readonly worlds: ReadonlyMap<string, World>;
  readonly steps: readonly World[];
}

function modelOf(input: SessionInput): Model {
  const logic = fromTransition(move, () => firstWorld(input));
  type Snapshot = TransitionSnapshot<World>;
  const map = getAdjacencyMap<Snapshot, Move, unknown>(logic, {
    events: ({ context }: Snapshot) => movesOf(context),
    serializeState: ({ context }: Snapshot) => essenceOf(context),
    serializeEvent: ({ type }: Move) => type,
  });
  const places = Object.entries(map) as [string, AdjacencyValue<Snapshot, Move>][];
  return {
    worlds: new Map(places.map(([essence, { state }]) => [essence, state.context])),
    steps: places.flatMap(([, { transitions }]) => Object.values(transitions).map(({ state }) => state.context)),
  };
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
  model: { worlds: new Map(), steps: [] } as Model,
}));

beforeAll(() => {
  for (const entry of models) entry.model = modelOf(entry.input);
}, 120_000);

/** The first few of the worlds that break a rule, as stories. */
function storiesOf(worlds: Iterable<World>): string[] {
  const stories = new Map<string, string>();
  for (const world of worlds) {
    const kind = `${world.last?.move.type} ${pathOf(world.snapshot)}`;
    if (stories.size < 5 && !stories.has(kind)) stories.set(kind, storyOf(world));
  }
  return [...stories.values()];
}

describe.each(models)('every path of a session ($name)', (entry) => {
  it.each(laws)('$rule', ({ holds }) => {
    const broken = entry.model.steps.filter((world) => world.last && !holds(world, world.last));
    expect(storiesOf(broken)).toEqual([]);
  });

  it('stays plain JSON', () => {
    const broken = [...entry.model.worlds.values()].filter(({ snapshot }) => !isPlain(snapshot));
    expect(storiesOf(broken)).toEqual([]);
  });

  it('is the same when it is walked again', () => {
    const worlds = [...entry.model.worlds.values()];
    const passed = new Set(worlds.map(({ last }) => last?.from));
    const broken = worlds.filter((world) => {
      if (passed.has(world)) return false;
      const again = eventsOf(world).reduce((snapshot, event) => step(snapshot, event)[0], firstSnapshot(entry.input));
      return !isDeepStrictEqual(factsOf(again), factsOf(world.snapshot));
    });
    expect(storiesOf(broken)).toEqual([]);
  });

  it('serves everybody who waits, once storage and server answer', () => {
    const left = leftWaiting(entry.model, {
      storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
      server: ['tokenResponse.received', 'revocation.finished'],
    });
    expect(left).toEqual([]);
  });

  it.each(['unreachable', 'busy', 'lost', 'misconfigured', 'refused', 'userMustAct'])(
    'turns everybody away who waits, if every request to the server fails (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it.each(['unreachable', 'lost', 'misconfigured'])(
    'turns everybody away who waits, if neither storage nor server answers (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['storage.failed'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it('lets nobody wait for ever more requests, if the server gives tokens that are expired when they come', () => {
    const left = leftWaiting(entry.model, {
      storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
      server: ['tokenResponse.received, expired on arrival', 'revocation.finished'],
    });
    expect(left).toEqual([]);
  });

  it('leads to fresh tokens from everywhere, by a sign-in or, for a service, by asking for one', () => {
    const wishes = entry.input.renewal === 'refresh_token' ? ['session.opened', 'code.received'] : ['token.requested'];
    const answers = [
      'record.read, known',
      'record.read, absent',
      'lease.granted',
      'commit.succeeded',
      'tokenResponse.received',
      'revocation.finished',
    ];
    const lost = unled(
      entry.model.worlds.values(),
      (world) => pathOf(world.snapshot) === 'valid.fresh',
      (world) => choose(world, [...answers, ...timers, ...wishes]),
    );
    expect(lost).toEqual([]);
  });
});

const factsOf = ({ value, context }: SessionSnapshot) => ({ value, context });

function isPlain(snapshot: SessionSnapshot): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(factsOf(snapshot))), factsOf(snapshot));
}

/** What the machine was told on the way to a world. */
function eventsOf(world: World): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let at = world; at.last; at = at.last.from) if (at.last.event) events.unshift(at.last.event);
  return events;
}

const timers = ['pollTimer.elapsed', 'retryTimer.elapsed'];

/** The stories of those who wait for more than a few moves, if storage and server answer as given. */
function leftWaiting({ worlds }: Model, answers: { storage: string[]; server: string[] }): string[] {
  return unled(
    [...worlds.values()].filter(({ callers }) => callers),
    ({ callers }) => !callers,
    (world) => choose(world, [...answers.storage, ...answers.server, ...timers]),
  );
}

/** The stories of the worlds from which the moves that are chosen do not lead to where they should. */
function unled(
  worlds: Iterable<World>,
  isThere: (world: World) => boolean,
  next: (world: World) => Move | undefined,
): string[] {
  const leads = new Set<string>();
  const astray: World[] = [];
  for (const world of worlds) {
    const way: string[] = [];
    let at = world;
    while (!isThere(at) && !leads.has(essenceOf(at)) && way.length < 40) {
      way.push(essenceOf(at));
      const chosen = next(at);
      if (chosen === undefined) break;
      at = move(at, chosen);
    }
    if (isThere(at) || leads.has(essenceOf(at))) for (const essence of way) leads.add(essence);
    else astray.push(at);
  }
  return storiesOf(astray);
}

/** The first of these moves that can be made. */
function choose(world: World, types: readonly string[]): Move | undefined {
  const moves = movesOf(world);
  for (const type of types) {
    const found = moves.find((candidate) => candidate.type === type);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('the machine as a whole', () => {
  /** Every transition that the chart defines, with a name to be read. */
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

  /** The transitions that one step takes; XState tells its inspectors. */
  function transitionsTaken(): { see(snapshot: SessionSnapshot, event: SessionEvent): void; taken: Set<object> } {
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
    for (const { model } of models) {
      for (const { snapshot } of model.worlds.values()) reached.add(pathOf(snapshot));
    }
    const atomic = getStateNodes(sessionMachine)
      .filter(({ type, key }) => type === 'atomic' && key !== 'settling')
      .map(({ path }) => path.join('.'));
    expect([...reached].sort()).toEqual(atomic.sort());
  });

  it('takes every transition but those that come with steps which states share, where they cannot be needed', () => {
    const { see, taken } = transitionsTaken();
    const seen = new Set<string>();
    for (const { model } of models) {
      for (const { last, snapshot } of model.steps) {
        if (!last?.event) continue;
        const { renewal, onStorageUnavailable } = snapshot.context;
        const kind = [
          renewal,
          onStorageUnavailable,
          pathOf(last.from.snapshot),
          last.move.type,
          pathOf(snapshot),
          ...last.effects.map(({ type }) => type),
        ].join();
        if (seen.has(kind)) continue;
        seen.add(kind);
        see(last.from.snapshot, last.event);
      }
    }
    const untaken = [...definedTransitions()].filter(([transition]) => !taken.has(transition)).map(([, name]) => name);
    expect(untaken).toEqual([
      // There are no tokens to revoke at the server here.
      'unauthenticated: revocation.requested #1',
      'authorizing.awaitingRedirect: revocation.requested #1',
      // Nor any that could outlive their record.
      'authorizing.leasing: lease.moved #1',
      // A service needs no lease for a code, and users wait for none when they sign in.
      'authorizing.waiting: code.received #1',
      'authorizing.waiting: revocation.requested #1',
      // There are tokens here, always.
      'valid: revocation.requested #2',
      // Nobody asks for a token that is good and that nothing renews: it is served from memory.
      'valid.fresh: token.requested #3',
      'refreshing.waiting: revocation.requested #2',
      // A code is exchanged elsewhere.
      'refreshing.backingOff: retryTimer.elapsed #1',
      'refreshing.backingOff: revocation.requested #2',
      'expired: revocation.requested #1',
      'revoked: revocation.requested #1',
    ]);
  });

  it('takes any event in any state, also those that nobody should send then', () => {
    const occurrences = new Map<string, SessionOccurrence>();
    const worlds = new Map<string, World>();
    for (const { input, model } of models) {
      for (const { last } of model.steps) {
        if (last?.move.occurrence) occurrences.set(last.move.type, last.move.occurrence);
      }
      for (const world of model.worlds.values()) {
        const { tokens, failure } = world.snapshot.context;
        const kind = [input.renewal, input.onStorageUnavailable, pathOf(world.snapshot), tokens?.refreshable, !failure];
        worlds.set(kind.join(), world);
      }
    }
    const broken: World[] = [];
    for (const world of worlds.values()) {
      for (const [type, occurrence] of occurrences) {
        for (const now of [world.now, world.now - HOUR, world.now + HOUR]) {
          const next = move({ ...world, last: null }, { type, occurrence, now });
          const isLawful = lawsForAnyEvent.every(({ holds }) => holds(next, next.last as Happening));
          if (!isLawful || !isPlain(next.snapshot)) broken.push(next);
        }
      }
    }
    expect(storiesOf(broken)).toEqual([]);
  });
});

/** What holds also when events come that a session would not send. */
const lawsForAnyEvent = laws.filter(({ rule }) =>
  /^(?:settles|asks only for|starts no timer|says in every|holds received|adopts|announces|asks by|writes)/.test(rule),
);
