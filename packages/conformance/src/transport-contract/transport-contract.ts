import type { Transport } from '@frameio-auth/core/adapter';
import { type ContractClause, proving } from '../contract.js';
import { answerClauses } from './answer-clauses.js';
import { authority } from './authority.js';
import { bodyClauses } from './body-clauses.js';
import { deliveryClauses } from './delivery-clauses.js';
import { errorClauses } from './error-clauses.js';
import { httpsClauses } from './https-clauses.js';
import { redirectClauses } from './redirect-clauses.js';
import { repeatClauses } from './repeat-clauses.js';
import { requestClauses } from './request-clauses.js';
import { timeoutClauses } from './timeout-clauses.js';
import { type Clause, SETTINGS } from './transport-fixture.js';
import type { TransportSettings } from './transport-settings.js';

/** A transport that was created for one clause. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** Disposes of what `create` created, such as a connection pool. */
  dispose(): Promise<void>;
}

export interface TransportContractOptions {
  /** The name of the transport in errors. */
  readonly name: string;
  create(settings: TransportSettings): Promise<TransportUnderTest>;
}

/**
 * Returns what the sessions of `@frameio-auth/core` require of a `Transport`, as data for any test runner:
 *
 *     for (const { id, rule, check } of transportContract({ name, create })) it(`${id}: ${rule}`, check);
 *
 * Each clause starts its own servers on loopback, which imitate failures of servers and networks. The clauses are
 * independent and may run concurrently; then they take about three seconds.
 */
export function transportContract({ name, create }: TransportContractOptions): ContractClause[] {
  return CLAUSES.map(({ id, rule, settings, prove }) => ({
    id,
    rule,
    async check() {
      const limits = { ...SETTINGS, ...settings };
      const { transport, dispose } = await create({ ...limits, authority: (await authority()).certificate });
      const cleanups: (() => unknown)[] = [];
      try {
        await proving(name, { id, rule }, () =>
          prove({ transport, ...limits, afterwards: (cleanUp) => cleanups.push(cleanUp) }),
        );
      } finally {
        for (const cleanUp of cleanups) await cleanUp();
        await dispose();
      }
    },
  }));
}

const CLAUSES: readonly Clause[] = [
  ...requestClauses,
  ...answerClauses,
  ...redirectClauses,
  ...deliveryClauses,
  ...bodyClauses,
  ...timeoutClauses,
  ...repeatClauses,
  ...httpsClauses,
  ...errorClauses,
];
