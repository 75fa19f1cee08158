import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { getStateNodes } from 'xstate/graph';
import type { SessionInput } from '../../src/machine/context.js';
import type { SessionEvent, SessionOccurrence } from '../../src/machine/events.js';
import { sessionMachine } from '../../src/machine/session-machine.js';
import { firstSnapshot, pathOf, type SessionSnapshot, step } from '../../src/machine/step.js';
import { HOUR, SERVICE, USER } from './fixtures.js';
import { laws } from './laws.js';
import { essenceOf, firstWorld, type Happening, move, movesOf, storyOf, type World } from './world.js';

/** Every world that can come about, by its essence, and every move that leads from one to another. */
interface Model {
  readonly worlds: ReadonlyMap<string, World>;
  readonly steps: readonly World[];
  /** The essences that the moves lead to from the world of each essence. */
  readonly ways: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

function modelOf(input: SessionInput): Model {
  const first = firstWorld(input);
  const worlds = new Map([[essenceOf(first), first]]);
  const steps: World[] = [];
  const ways = new Map<string, Map<string, string>>();
  // A map can grow while it is walked; so the shortest story of each world is found first.
  for (const [essence, world] of worlds) {
    const way = new Map<string, string>();
    for (const next of movesOf(world)) {
      const after = move(world, next);
      const reached = essenceOf(after);
      if (!worlds.has(reached)) worlds.set(reached, after);
      way.set(next.type, reached);
      steps.push(after);
    }
    ways.set(essence, way);
  }
  return { worlds, steps, ways };
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
  model: { worlds: new Map(), steps: [], ways: new Map() } as Model,
}));

beforeAll(() => {
  for (const entry of models) {
    entry.model = modelOf(entry.input);
  }
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
    const broken = [...entry.model.worlds.values()].filter(({ snapshot, last }) => {
      const again = last?.event
        ? step(last.from.snapshot, last.event)[0]
        : (last?.from.snapshot ?? firstSnapshot(entry.input));
      return !isDeepStrictEqual(factsOf(again), factsOf(snapshot));
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

  it.each(['unreachable', 'lost', 'misconfigured'])(
    'turns everybody away who waits, if the record cannot be read and the server does not answer (%s)',
    (failure) => {
      const left = leftWaiting(entry.model, {
        storage: ['storage.failed, unreadable still'],
        server: [`tokenRequest.failed, ${failure}`, 'revocation.finished'],
      });
      expect(left).toEqual([]);
    },
  );

  it('leads to fresh tokens although the record cannot be read, by a sign-in or an import', () => {
    const { renewal, onStorageUnavailable } = entry.input;
    const goesOn = renewal === 'client_credentials' && onStorageUnavailable === 'request';
    const wishes = goesOn ? ['token.requested'] : ['code.received', 'tokens.imported, fresh', 'session.opened'];
    const answers = [
      'lease.granted',
      'commit.succeeded',
      'storage.failed, unreadable',
      'tokenResponse.received',
      'revocation.finished',
    ];
    const isThere = ({ snapshot }: World) => pathOf(snapshot) === 'valid.fresh';
    const lost = unled(entry.model, () => true, isThere, [...answers, ...timers, ...wishes]);
    expect(lost).toEqual([]);
  });

  it('lets nobody wait for ever more requests, if the server gives tokens that are expired when they come', () => {
    const left = leftWaiting(entry.model, {
      storage: ['record.read, known', 'record.read, absent', 'lease.granted', 'commit.succeeded'],
      server: ['tokenResponse.received, expired on arrival', 'revocation.finished'],
    });
    expect(left).toEqual([]);
  });

  it('leads to fresh tokens from everywhere, by a sign-in or, for a service, by asking for one', () => {
    const wishes = entry.input.renewal === 'refresh_token' ? ['code.received', 'session.opened'] : ['token.requested'];
    const answers = [
      'record.read, known',
      'record.read, absent',
      'lease.granted',
      'commit.succeeded',
      'tokenResponse.received',
      'revocation.finished',
    ];
    const isThere = ({ snapshot }: World) => pathOf(snapshot) === 'valid.fresh';
    const lost = unled(entry.model, () => true, isThere, [...answers, ...timers, ...wishes]);
    expect(lost).toEqual([]);
  });
});

const factsOf = ({ value, context }: SessionSnapshot) => ({ value, context });

function isPlain(snapshot: SessionSnapshot): boolean {
  return isJson(factsOf(snapshot));
}

/** Whether a value is the same after a detour by JSON. */
function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return value === null || /string|boolean/.test(typeof value);
  const isPlainObject = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlainObject && Object.values(value).every(isJson);
}

const timers = ['pollTimer.elapsed', 'retryTimer.elapsed'];

/** The stories of those who wait for more than a few moves, if storage and server answer as given. */
function leftWaiting(model: Model, answers: { storage: string[]; server: string[] }): string[] {
  const moves = [...answers.storage, ...answers.server, ...timers];
  return (['callers', 'bringer'] as const).flatMap((who) =>
    unled(
      model,
      (world) => world[who],
      (world) => !world[who],
      moves,
    ),
  );
}

/** The stories of those worlds from which the first of the moves that can be made, again and again, leads astray. */
function unled(
  { worlds, ways }: Model,
  isConcerned: (world: World) => boolean,
  isThere: (world: World) => boolean,
  moves: readonly string[],
): string[] {
  const leads = new Set<string>();
  const stories: string[] = [];
  for (const [begin, world] of worlds) {
    if (!isConcerned(world)) continue;
    const passed = [begin];
    const made: string[] = [];
    let at = begin;
    while (!leads.has(at) && !isThere(worlds.get(at) as World) && made.length < 40) {
      const way = ways.get(at);
      const type = moves.find((candidate) => way?.has(candidate));
      if (type === undefined) break;
      at = way?.get(type) as string;
      passed.push(at);
      made.push(`  ${type} → ${at}`);
    }
    if (leads.has(at) || isThere(worlds.get(at) as World)) for (const essence of passed) leads.add(essence);
    else if (stories.length < 5) stories.push(`${storyOf(world)}  and then\n${made.join('\n')}`);
  }
  return stories;
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
      // Where nobody is signed in there is nothing to revoke; only a service may have a record that it could not read.
      'unauthenticated: revocation.requested #1',
      // A service does not sign in like a user, and there are no tokens here.
      'authorizing.awaitingRedirect: token.requested #1',
      'authorizing.awaitingRedirect: refresh.requested #1',
      'authorizing.awaitingRedirect: revocation.requested #1',
      // A service gets no code, and has no tokens yet that could be rejected or revoked. A user who brought a code waits.
      'authorizing.waiting: code.received #1',
      'authorizing.waiting: revocation.requested #1',
      'authorizing.backingOff: token.rejected #2',
      'authorizing.backingOff: code.received #1',
      'authorizing.backingOff: revocation.requested #1',
      // There are tokens here, always.
      'valid: revocation.requested #2',
      // Nobody asks for a token that is good and that nothing renews: it is served from memory.
      'valid.fresh: token.requested #3',
      'refreshing.waiting: revocation.requested #2',
      // A code is exchanged elsewhere.
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
        for (const now of [world.now - HOUR, world.now + HOUR]) {
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
