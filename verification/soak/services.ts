import { setTimeout as delay } from 'node:timers/promises';
import { randomNumbers } from '@frameio-auth/conformance';
import { adobeIms, ServerToServerAuth } from '@frameio-auth/core';
import { systemClock, type TokenSource, type Transport } from '@frameio-auth/core/adapter';
import type { FictionalService } from '@frameio-auth/testing';

export interface HurriedService extends TokenSource {
  close(): Promise<void>;
}

/** Longer than the minute in which a session takes a second rejection for one that is not the token's fault. */
const LEAP = 61_000;

/**
 * Creates a service with a session to which a minute passes at each rejection of its token: the rejections within
 * seconds here count as those of weeks.
 */
export function hurriedService(origin: string, service: FictionalService, transport: Transport): HurriedService {
  const clock = systemClock();
  let ahead = 0;
  const now = () => clock.now() + ahead;
  const auth = new ServerToServerAuth({
    ...service,
    transport,
    server: adobeIms({ origin }),
    clock: { ...clock, now },
  });
  return {
    getToken(options) {
      const current = options?.rejected !== undefined && options.rejected === auth.peekToken();
      if (current && auth.snapshot.state === 'valid') ahead += LEAP;
      return auth.getToken(options);
    },
    close: () => auth.close(),
  };
}

/** The same tokens after a while, in which it does not look whether the caller has given up. */
export function slowed(source: TokenSource, seed: number): TokenSource {
  const random = randomNumbers(seed);
  return {
    async getToken(options) {
      await delay(random() * 5);
      return source.getToken(options);
    },
  };
}
