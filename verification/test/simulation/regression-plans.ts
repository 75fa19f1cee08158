import { DAY, MINUTE, SECOND } from '../../simulation/durations.ts';
import type { Entry, Parameters, Plan } from '../../simulation/plan.ts';

/** A run without faults, with two instances and a server that accepts each refresh token once. */
const PARAMETERS: Parameters = {
  flow: 'user',
  duration: 30 * MINUTE,
  clocks: [
    { ahead: 0, fast: 0 },
    { ahead: 0, fast: 0 },
  ],
  rotation: 'strict',
  gracePeriod: 0,
  accessTokenLifetime: 600,
  refreshTokenLifetime: 14 * 86_400,
  refreshTokenLifetimeIsKnown: false,
  refreshEndsAccessTokens: false,
  refreshBuffer: 300,
  onStorageUnavailable: 'fail',
  keepAlive: false,
  clientSecrets: ['first'],
  serverTimeout: 10 * SECOND,
  storageTimeout: 5 * SECOND,
  serverLatency: [100, 100],
  storageLatency: [5, 5],
  hintLatency: [1, 1],
};

function plan(...entries: Entry[]): Plan {
  return {
    seed: 1,
    parameters: PARAMETERS,
    entries: [{ at: 0, kind: 'call', instance: 0, call: 'signIn' }, ...entries],
  };
}

/** Plans that failed once, by what was wrong. */
export const PLANS: Readonly<Record<string, Plan>> = {
  'gave the lease back after a lost answer, so that the next holder took the spent token for a refused one': plan(
    {
      at: 5 * MINUTE,
      kind: 'network',
      peer: 'server',
      effect: 'answer lost',
      share: 1,
      instance: 1,
      lasts: 4 * MINUTE,
    },
    { at: 6 * MINUTE, kind: 'call', instance: 1, call: 'refresh' },
    { at: 20 * MINUTE, kind: 'call', instance: 0, call: 'use' },
  ),
  'gave the lease back when it closed after a lost answer': plan(
    {
      at: 5 * MINUTE,
      kind: 'network',
      peer: 'server',
      effect: 'answer lost',
      share: 1,
      instance: 1,
      lasts: 4 * MINUTE,
    },
    { at: 6 * MINUTE, kind: 'call', instance: 1, call: 'refresh' },
    { at: 6 * MINUTE + SECOND, kind: 'restart', instance: 1, lasts: MINUTE },
    { at: 20 * MINUTE, kind: 'call', instance: 0, call: 'use' },
  ),
  'gave the lease back when it closed with tokens that the storage did not take': plan(
    { at: 5 * MINUTE, kind: 'call', instance: 1, call: 'refresh' },
    { at: 5 * MINUTE + 50, kind: 'network', peer: 'storage', effect: 'request lost', share: 1, lasts: 8 * SECOND },
    { at: 5 * MINUTE + 100, kind: 'restart', instance: 1, lasts: MINUTE },
    { at: 20 * MINUTE, kind: 'call', instance: 0, call: 'use' },
  ),
  'took the abandonment that an instance was told of for that of an earlier request for the lease, which arrived late':
    {
      seed: 1268531059,
      parameters: {
        ...PARAMETERS,
        duration: 183_951,
        clocks: Array(3).fill({ ahead: 0, fast: 0 }),
        accessTokenLifetime: 68,
        serverTimeout: 15 * SECOND,
        storageLatency: [0, 3],
      },
      entries: [
        { at: 123_482, kind: 'call', instance: 0, call: 'visit' },
        { at: 157_630, kind: 'call', instance: 1, call: 'refresh' },
        { at: 157_744, kind: 'crash', instance: 1, lasts: 25_438 },
        { at: 178_799, kind: 'call', instance: 2, call: 'refresh' },
        {
          at: 178_914,
          kind: 'network',
          peer: 'storage',
          effect: 'slow',
          share: 0.3,
          instance: 2,
          lasts: 10_857,
        },
        { at: 181_577, kind: 'data loss', loses: 2_474, lasts: 1_374 },
      ],
    },
};

/** The same with services that are unused for days. */
export const FORGOTTEN: Plan = {
  seed: 1,
  parameters: { ...PARAMETERS, flow: 'service', duration: 5 * DAY, onStorageUnavailable: 'request' },
  entries: [
    { at: 0, kind: 'call', instance: 0, call: 'getToken' },
    { at: SECOND, kind: 'call', instance: 1, call: 'getToken' },
    { at: 3 * DAY, kind: 'busy', status: 503, lasts: 10 * MINUTE },
    { at: 3 * DAY + SECOND, kind: 'call', instance: 0, call: 'getToken' },
  ],
};

/** A sign-in that the storage accepts without a reply, and that another instance refreshes. */
export const UNANSWERED = plan(
  {
    at: 10 * MINUTE,
    kind: 'network',
    peer: 'storage',
    effect: 'answer lost',
    share: 1,
    instance: 0,
    lasts: 50 * SECOND,
  },
  { at: 10 * MINUTE + 50, kind: 'call', instance: 0, call: 'signIn' },
  { at: 10 * MINUTE + 200, kind: 'call', instance: 1, call: 'refresh' },
);

/** The storage returns empty, and rejects the only read with which the session would notice. */
export const LOST_UNREAD: Plan = {
  ...plan(
    { at: 5 * MINUTE, kind: 'data loss', lasts: 3 * SECOND },
    {
      at: 5 * MINUTE + SECOND,
      kind: 'network',
      peer: 'storage',
      effect: 'refused',
      share: 1,
      instance: 0,
      lasts: 30 * SECOND,
    },
    { at: 5 * MINUTE + 3 * SECOND, kind: 'hints', effect: 'lost', lasts: SECOND },
    { at: 40 * MINUTE, kind: 'call', instance: 1, call: 'use' },
  ),
  parameters: { ...PARAMETERS, duration: 60 * MINUTE, accessTokenLifetime: 86_400 },
};

/** A session that returns after it was signed out, with a storage that lost its last writes. */
export const COME_BACK: Plan = {
  ...plan(
    { at: 5 * MINUTE, kind: 'call', instance: 0, call: 'refresh' },
    { at: 6 * MINUTE, kind: 'call', instance: 0, call: 'revoke' },
    { at: 6 * MINUTE + 3 * SECOND, kind: 'failover', loses: 7_900, lasts: 500 },
    { at: 6 * MINUTE + 6 * SECOND, kind: 'call', instance: 0, call: 'use' },
    { at: 6 * MINUTE + 6_600, kind: 'call', instance: 0, call: 'use' },
  ),
  parameters: { ...PARAMETERS, clocks: [{ ahead: 0, fast: 0 }], serverLatency: [500, 500] },
};

/** The storage returns empty while one instance is revoking, and another one has not read that. */
export const REVOKED_UNREAD: Plan = {
  seed: 52147,
  entries: [
    { at: 0, kind: 'call', instance: 0, call: 'visit' },
    { at: 2_042_123, kind: 'call', instance: 2, call: 'refresh' },
    { at: 2_042_173, kind: 'call', instance: 3, call: 'revoke' },
    { at: 2_044_161, kind: 'call', instance: 2, call: 'refresh' },
    { at: 2_044_465, kind: 'data loss', lasts: 418 },
  ],
  parameters: {
    ...PARAMETERS,
    duration: 2_060_076,
    clocks: Array.from({ length: 4 }, () => ({ ahead: 0, fast: 0 })),
    accessTokenLifetime: 2226,
    serverTimeout: 15 * SECOND,
    serverLatency: [41, 423],
    storageLatency: [0, 25],
  },
};

/** A machine sleeps past the expiry of its new token, before the storage has failed to store it. */
export const SLEPT_OVER: Plan = {
  seed: 3300784,
  entries: [
    { at: 546_714, kind: 'network', peer: 'storage', effect: 'request lost', share: 0.7, lasts: 1_040_181 },
    { at: 1_297_540, kind: 'call', instance: 1, call: 'use' },
    { at: 1_351_404, kind: 'call', instance: 1, call: 'refresh' },
    { at: 1_351_538, kind: 'pause', instance: 1, lasts: 368_462, timersFirst: true, asleep: true },
  ],
  parameters: {
    ...PARAMETERS,
    flow: 'service',
    duration: 1_388_632,
    accessTokenLifetime: 172,
    serverTimeout: 15 * SECOND,
    serverLatency: [12, 77],
    storageLatency: [0, 1],
  },
};

/**
 * A record that another instance has refreshed is read twice at once, while the previous tokens are about to be written
 * again.
 */
export const READ_TWICE: Plan = {
  seed: 3400780,
  entries: [
    { at: 0, kind: 'call', instance: 0, call: 'signIn' },
    { at: 1_015, kind: 'call', instance: 1, call: 'use' },
    { at: 4_543_801, kind: 'call', instance: 0, call: 'signIn' },
    { at: 4_543_806, kind: 'access tokens end' },
    { at: 4_543_809, kind: 'call', instance: 0, call: 'use' },
    { at: 4_543_827, kind: 'failover', loses: 2_712, lasts: 3_669 },
    { at: 4_544_234, kind: 'network', peer: 'server', effect: 'refused', share: 1, instance: 0, lasts: 44_266 },
    { at: 4_544_932, kind: 'call', instance: 1, call: 'refresh' },
  ],
  parameters: {
    ...PARAMETERS,
    duration: 4_545_932,
    clocks: [
      { ahead: -1_886, fast: -143 },
      { ahead: -1_655, fast: 0 },
    ],
    accessTokenLifetime: 38_986,
    serverTimeout: 15 * SECOND,
    storageTimeout: 3 * SECOND,
    serverLatency: [5, 65],
    storageLatency: [0, 2],
    hintLatency: [0, 15],
  },
};

/** The storage is slow, so that instances learn of the newest version only by hints, and then it returns empty. */
export const HINTED_AND_LOST: Plan = {
  seed: 3405766,
  entries: [
    { at: 9_062_555, kind: 'call', instance: 0, call: 'signIn' },
    { at: 29_867_493, kind: 'call', instance: 1, call: 'use' },
    { at: 43_759_167, kind: 'call', instance: 1, call: 'refresh' },
    { at: 43_759_177, kind: 'network', peer: 'storage', effect: 'slow', share: 0.7, lasts: 2_624 },
    { at: 43_761_477, kind: 'data loss', lasts: 3_305 },
  ],
  parameters: {
    ...PARAMETERS,
    rotation: 'lenient',
    duration: 43_785_719,
    accessTokenLifetime: 22_321,
    serverTimeout: 15 * SECOND,
    storageTimeout: SECOND,
    serverLatency: [33, 149],
    storageLatency: [0, 2],
    hintLatency: [0, 71],
  },
};

/** The storage returns empty, and the first to refresh is an instance that missed a sign-out and a sign-in. */
export const REFUSED_OLDER: Plan = {
  ...plan(
    { at: 5 * MINUTE, kind: 'call', instance: 1, call: 'use' },
    { at: 6 * MINUTE, kind: 'hints', effect: 'lost', lasts: 4 * SECOND },
    { at: 6 * MINUTE + 500, kind: 'call', instance: 0, call: 'revoke' },
    { at: 6 * MINUTE + SECOND, kind: 'call', instance: 0, call: 'signIn' },
    { at: 7 * MINUTE, kind: 'data loss', lasts: 2 * SECOND },
    { at: 7 * MINUTE + 2_100, kind: 'call', instance: 1, call: 'refresh' },
  ),
  parameters: { ...PARAMETERS, accessTokenLifetime: 86_400 },
};

/** Another instance revokes a sign-in that the storage accepted without a reply. */
export const REVOKED_UNANSWERED: Plan = {
  ...plan(
    { at: 5 * MINUTE, kind: 'call', instance: 1, call: 'use' },
    { at: 10 * MINUTE, kind: 'call', instance: 1, call: 'revoke' },
    { at: 10 * MINUTE, kind: 'network', peer: 'storage', effect: 'answer lost', share: 1, instance: 0, lasts: 2_029 },
    { at: 10 * MINUTE + 57, kind: 'call', instance: 0, call: 'signIn' },
    { at: 20 * MINUTE, kind: 'call', instance: 1, call: 'use' },
  ),
  parameters: { ...PARAMETERS, accessTokenLifetime: 4_546, serverTimeout: 15 * SECOND },
};

/** A new instance reads expired tokens from a storage with a clock that was set back, so that they look valid. */
export function looksYoung(putBackBy: number): Plan {
  return {
    ...plan(
      { at: 30 * MINUTE, kind: 'clock', by: -putBackBy },
      { at: 35 * MINUTE, kind: 'call', instance: 1, call: 'use' },
    ),
    parameters: { ...PARAMETERS, duration: 36 * MINUTE },
  };
}

/**
 * The same, but another instance, which waited for it, asks the server without the storage: its tokens are the newest.
 */
export const NEWER_THAN_HINTED: Plan = {
  ...HINTED_AND_LOST,
  entries: [...HINTED_AND_LOST.entries, { at: 43_759_169, kind: 'call', instance: 0, call: 'refresh' }],
  parameters: { ...HINTED_AND_LOST.parameters, duration: 60_244_982, onStorageUnavailable: 'request' },
};
