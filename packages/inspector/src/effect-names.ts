import type { EffectName } from '@frameio-auth/core/machine';

/** Every effect of the machine. All other actions only change its context. */
export const effectNames: { readonly [Name in EffectName]: true } = {
  readRecord: true,
  requestLease: true,
  renewLease: true,
  releaseLease: true,
  requestToken: true,
  holdTokens: true,
  commitTokens: true,
  commitTombstone: true,
  adoptTokens: true,
  forgetTokens: true,
  announceTokens: true,
  confirmSignIn: true,
  rejectSignIn: true,
  revokeTokens: true,
  startTimer: true,
  stopTimer: true,
  serveCallers: true,
  rejectCallers: true,
};
