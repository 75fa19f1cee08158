import { policy } from '../policy.js';
import { session } from '../session-setup.js';
import { adoptImported, adoptUnwritten } from './actions.js';
import { failureOf } from './params.js';
import { backingOff, backOff, committing, leasing, requesting, waiting } from './token-cycle.js';
import { queueCallers, signInOrOut, withoutTokens } from './transitions.js';

/** A sign-in succeeds or fails independently: callers, hints and records do not affect it. */
const whileExchanging = { guard: 'isExchangingCode' } as const;

export const authorizing = session.createStateConfig({
  description: 'Requests the first tokens: for a user who signs in, or for a service.',
  initial: 'leasing',
  on: queueCallers,
  states: {
    awaitingRedirect: {
      entry: {
        type: 'startTimer',
        params: ({ event }) => ({
          timer: 'authorization',
          notBefore: event.now + policy.authorizationTtl,
          notAfter: event.now + policy.authorizationTtl,
        }),
      },
      exit: { type: 'stopTimer', params: { timer: 'authorization' } },
      on: {
        ...withoutTokens,
        'authorization.started': { target: 'awaitingRedirect', reenter: true },
        'authorization.denied': '#session.settling',
        'authorizationTimer.elapsed': '#session.settling',
        ...signInOrOut,
      },
    },
    leasing: leasing({ moved: [] }),
    waiting,
    requesting: requesting({
      failed: [
        {
          guard: { type: 'responseWasLost', params: failureOf },
          target: 'requesting',
          reenter: true,
          actions: 'noteLostResponse',
        },
        backOff[0],
        // A code works once and for minutes, so there is nothing to retry later.
        {
          guard: 'isExchangingCode',
          target: '#session.settling',
          actions: ['forgetFailures', { type: 'rejectSignIn', params: failureOf }],
        },
        backOff[1],
      ],
    }),
    committing: committing({
      succeeded: [{ guard: 'isImporting', target: '#session.settling', actions: adoptImported }],
      kept: [{ guard: 'isImporting', target: '#session.settling', actions: [...adoptUnwritten, 'confirmSignIn'] }],
    }),
    backingOff: backingOff({
      retry: [{ ...whileExchanging, target: 'requesting' }],
      requests: [{ ...whileExchanging, actions: 'noteRequest' }],
      hint: [whileExchanging],
      read: [whileExchanging],
    }),
  },
});
