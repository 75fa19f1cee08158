import { type KnownErrorCode, TransportError } from '@frameio-auth/core';
import { startDeadline, type Transport } from '@frameio-auth/core/adapter';
import type { ActiveFaults } from './active-faults.ts';
import type { Chance } from './chance.ts';
import type { History } from './history.ts';
import type { Span } from './plan.ts';
import type { Receiver } from './receiver.ts';
import { presentedIn, type ServerAnswer, type SimulatedServer } from './simulated-server.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface ServerRoute {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: ActiveFaults;
  readonly history: History;
  readonly server: SimulatedServer;
  readonly latency: Span;
  /** How long to wait for a response, in milliseconds. */
  readonly timeout: number;
  /** Whether a timer that runs late discards a response that is already in the socket: a mutant. */
  readonly isImpatient?: boolean;
}

/** Creates one instance's transport, which distinguishes a request that was not sent from a lost response. */
export function serverConnection(route: ServerRoute, receiver: Receiver): Transport {
  const { time, chance, faults, history, server, latency, timeout } = route;
  const { name: who, place } = receiver;
  const startTimeOut = route.isImpatient ? startPlainTimer : startDeadline;
  let requests = 0;

  return (url, init) => {
    requests += 1;
    const request = requests;
    const presented = presentedIn(new URLSearchParams(init.body));
    history.note({ kind: 'server asked', who, request, ...(presented !== null && { presented }) });
    return new Promise((resolve, reject) => {
      let waiting = true;
      const giveUp = (code: KnownErrorCode, delivery: 'not_sent' | 'unknown') => () => {
        if (!waiting) return;
        waiting = false;
        history.note({ kind: 'server silent', who, request, delivery });
        reject(new TransportError(code, 'The simulated server did not answer.', { delivery }));
      };
      const effect = faults.effectOn('server', place);
      const delay = (way: string) =>
        chance.within(`server ${way} ${place}`, time.now, latency) +
        (effect === 'slow' ? chance.within(`slow server ${way} ${place}`, time.now, [0, 2 * timeout]) : 0);
      if (effect === 'refused') {
        time.after(delay('there'), () => receiver.deliver('message', giveUp('ECONNREFUSED', 'not_sent')));
        return;
      }
      const cancelDeadline = startTimeOut(timeout, giveUp('timeout', 'unknown'), receiver.clock);
      if (effect === 'request lost') return;
      time.after(delay('there'), () => {
        const answer = server.answer(url, init, { who, request });
        if (effect === 'answer lost') return;
        time.after(delay('back'), () => {
          if (receiver.isPaused) history.note({ kind: 'answer waits', who, request });
          receiver.deliver('message', () => {
            if (!waiting) return;
            waiting = false;
            cancelDeadline();
            history.note({ kind: 'server answered', who, request, status: answer.status });
            resolve(responseOf(answer));
          });
        });
      });
    });
  };
}

/** A common kind of timeout: if it is late, it discards what is in the socket. */
const startPlainTimer: typeof startDeadline = (ms, onPassed, clock) => {
  const timer = clock?.setTimeout(onPassed, ms);
  return () => clock?.clearTimeout(timer);
};

function responseOf({ status, body, retryAfter }: ServerAnswer): Response {
  return new Response(body === undefined ? '' : JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    },
  });
}
