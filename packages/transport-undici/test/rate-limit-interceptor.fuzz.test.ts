import { manualClock } from '@frameio-auth/testing';
import { rateLimitInterceptor } from '@frameio-auth/transport-undici';
import fc from 'fast-check';
import { type Dispatcher, errors } from 'undici';
import { expect, it } from 'vitest';
import { runs } from '../../../tests/seeds.js';
import { limitNotice } from '../src/limit-notice.js';

const USED_UP = { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-window': '900' };

/** How a request is taken that is dispatched: it is under way from then on, or fails within the call, one way or the other. */
type Reception = 'accepted' | 'failed' | 'thrown';

/** A request that was dispatched, from the side of undici. */
class Sending implements Dispatcher.DispatchController {
  readonly #handler: Dispatcher.DispatchHandler;
  readonly number: number;
  #begun = false;
  over = false;
  readonly aborted = false;
  readonly paused = false;
  readonly reason = null;

  constructor(number: number, handler: Dispatcher.DispatchHandler) {
    this.number = number;
    this.#handler = handler;
  }

  begin(): void {
    if (this.#begun || this.over) return;
    this.#begun = true;
    this.#handler.onRequestStart?.(this, null);
  }

  answer(status: number, headers: Record<string, string> = {}): void {
    this.begin();
    if (!this.over) this.#handler.onResponseStart?.(this, status, headers);
    if (!this.over) this.#handler.onResponseData?.(this, Buffer.from('body'));
    if (this.over) return;
    this.over = true;
    this.#handler.onResponseEnd?.(this, {});
  }

  upgrade(): void {
    this.begin();
    if (this.over) return;
    this.over = true;
    this.#handler.onRequestUpgrade?.(this, 101, {}, undefined as never);
  }

  abort(reason: Error): void {
    if (this.over) return;
    this.over = true;
    this.#handler.onResponseError?.(this, reason);
  }

  pause(): void {}
  resume(): void {}
}

/** An undici that does what steps say. */
class MadeUpUndici {
  readonly sendings: Sending[] = [];
  /** Requests that were given up. What undici has not begun of them is not under way, and must never be. */
  readonly givenUp = new Set<number>();
  readonly sent: { readonly path: string; readonly number: number }[] = [];
  mostUnderWay = 0;

  get underWay(): Sending[] {
    return this.sendings.filter(({ number, over }) => !over && !this.givenUp.has(number));
  }

  readonly dispatch: Dispatcher.Dispatch = ({ path, headers }, handler) => {
    const { number = '', reception = '' } = headers as Record<string, string>;
    this.sent.push({ path, number: Number(number) });
    if (reception === 'thrown') throw new errors.InvalidArgumentError('thrown');
    const sending = new Sending(Number(number), handler);
    this.sendings.push(sending);
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay.length);
    if (reception === 'failed') sending.abort(new errors.ClientClosedError());
    return true;
  };
}

type Step =
  | { readonly kind: 'request'; readonly path: string; readonly reception: Reception }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'give up'; readonly which: number }
  | {
      readonly kind: 'begin' | 'succeed' | 'use up' | 'refuse' | 'break off' | 'upgrade';
      readonly which: number;
    };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('request' as const),
        path: fc.constantFrom('/a', '/b', '/c'),
        reception: fc.constantFrom<Reception>('accepted', 'accepted', 'accepted', 'failed', 'thrown'),
      }),
    },
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ kind: fc.constant('give up' as const), which: fc.nat(9) }),
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('begin', 'succeed', 'succeed', 'use up', 'refuse', 'break off', 'upgrade'),
        which: fc.nat(9),
      }),
    },
  ),
  { maxLength: 60 },
);

it('never sends too many at once, keeps the order, ends each request once and returns every place', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      steps,
      fc.infiniteStream(fc.double({ min: 0, max: 0.99 })),
      async (concurrency, taken, chance) => {
        const clock = manualClock();
        const undici = new MadeUpUndici();
        const random = () => chance.next().value as number;
        const interceptor = rateLimitInterceptor({ concurrency, retries: 1, maxWait: 10_000, clock, random });
        // Like compose() of an Agent, in which requests name their origin.
        const dispatch: Dispatcher.Dispatch = Reflect.apply(interceptor, undefined, [undici.dispatch, undefined]);
        const requests: { controller?: Dispatcher.DispatchController; ends: number }[] = [];

        const make = (path: string, reception: Reception) => {
          const request: (typeof requests)[number] = { ends: 0 };
          const headers = { number: String(requests.push(request)), reception };
          const ended = () => {
            request.ends += 1;
          };
          dispatch(
            { origin: 'https://api.frame.io', path, method: 'GET', headers },
            {
              onRequestStart: (controller) => {
                request.controller = controller;
              },
              onRequestUpgrade: ended,
              onResponseStart() {},
              onResponseData() {},
              onResponseEnd: ended,
              onResponseError: ended,
            },
          );
        };
        const take = async (step: Step): Promise<void> => {
          if (step.kind === 'request') return make(step.path, step.reception);
          if (step.kind === 'advance') return clock.advance(step.ms);
          if (step.kind === 'give up' && step.which < requests.length) {
            undici.givenUp.add(step.which + 1);
            return requests[step.which]?.controller?.abort(new errors.RequestAbortedError());
          }
          const { underWay } = undici;
          const sending = underWay[step.which % underWay.length];
          if (step.kind === 'begin') sending?.begin();
          if (step.kind === 'succeed') sending?.answer(200);
          if (step.kind === 'use up') sending?.answer(200, USED_UP);
          if (step.kind === 'refuse') sending?.answer(429);
          if (step.kind === 'break off') sending?.abort(new errors.SocketError('broken off'));
          if (step.kind === 'upgrade') sending?.upgrade();
        };
        for (const step of taken) await take(step);

        // All remaining requests succeed.
        for (let round = 0; requests.some(({ ends }) => ends === 0) && round < 200; round += 1) {
          for (const sending of undici.underWay) sending.answer(200);
          await clock.advance(1_000);
        }
        for (const sending of undici.sendings) sending.begin();
        expect(undici.sendings.every(({ over }) => over)).toBe(true);
        expect(requests.map(({ ends }) => ends)).toEqual(requests.map(() => 1));
        expect(undici.mostUnderWay).toBeLessThanOrEqual(concurrency);
        expect(clock.pendingTimers).toEqual([]);

        // Each one when it is sent for the first time.
        const firsts = undici.sent.filter(
          ({ number }, at) => undici.sent.findIndex((other) => other.number === number) === at,
        );
        const limited = taken.some(({ kind }) => kind === 'use up' || kind === 'refuse');
        for (const group of limited ? ['/a', '/b', '/c'] : ['/']) {
          const numbers = firsts.filter(({ path }) => path.startsWith(group)).map(({ number }) => number);
          expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
        }

        for (let n = 0; n <= concurrency; n += 1) make('/new', 'accepted');
        expect(undici.underWay).toHaveLength(concurrency);
      },
    ),
    runs(200),
  );
});

const header = fc.option(
  fc.oneof(fc.string(), fc.integer().map(String), fc.date().map(String), fc.array(fc.string())),
  { nil: undefined },
);

it('takes from headers times and numbers that are some, or nothing', () => {
  fc.assert(
    fc.property(fc.record({ 'retry-after': header, date: header, 'x-ratelimit-window': header }), (headers) => {
      const { retryAfter = 0, window = 0 } = limitNotice(429, headers, Date.UTC(2026, 0, 1));
      for (const each of [retryAfter, window]) expect(Number.isFinite(each) && each >= 0).toBe(true);
    }),
    runs(200),
  );
});
