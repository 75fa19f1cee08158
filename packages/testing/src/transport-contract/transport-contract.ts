import type { Transport } from '@frameio-auth/core/adapter';
import { answerClauses } from './answer-clauses.js';
import { authority } from './authority.js';
import { type Clause, SETTINGS } from './bench.js';
import { bodyClauses } from './body-clauses.js';
import { deliveryClauses } from './delivery-clauses.js';
import { errorClauses } from './error-clauses.js';
import { httpsClauses } from './https-clauses.js';
import { redirectClauses } from './redirect-clauses.js';
import { repeatClauses } from './repeat-clauses.js';
import { requestClauses } from './request-clauses.js';
import { timeoutClauses } from './timeout-clauses.js';

/** What a clause wants the transport to be made with. */
export interface TransportSettings {
  /** How long a request may take in all, in milliseconds. */
  readonly timeout: number;
  /** The longest body that is read, in bytes, after decompression. */
  readonly maxBodySize: number;
  /**
   * The certificate (PEM) of whoever vouches for the servers of the contract that can be trusted. It is the same for all
   * clauses, made anew for each process, and its key never leaves it.
   */
  readonly authority: string;
}

/** A transport that was made for one clause. */
export interface TransportUnderTest {
  readonly transport: Transport;
  /** Ends whatever `create` made, such as a pool of connections. */
  dispose(): Promise<void>;
}

export interface TransportContractOptions {
  /** What the transport is called where it breaks a rule. */
  readonly name: string;
  create(settings: TransportSettings): Promise<TransportUnderTest>;
}

/** One rule that every transport keeps, and its proof. */
export interface TransportClause {
  /** Stays the same from release to release: the matter, and what about it, such as `delivery.refused`. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly rule: string;
  /** Makes a transport, tries the rule, and disposes of the transport. Rejects with an Error that says what was wrong. */
  check(): Promise<void>;
}

/**
 * What the sessions of `@frameio-auth/core` rely on in a `Transport`, as data for any test runner:
 *
 *     for (const { id, rule, check } of transportContract({ name, create })) it(`${id}: ${rule}`, check);
 *
 * Each clause has servers of its own on loopback, which do what servers and networks do when they fail. The clauses share
 * nothing and may run at the same time; then they take about three seconds.
 */
export function transportContract({ name, create }: TransportContractOptions): TransportClause[] {
  return CLAUSES.map(({ id, rule, settings, prove }) => ({
    id,
    rule,
    async check() {
      const limits = { ...SETTINGS, ...settings };
      const { transport, dispose } = await create({ ...limits, authority: (await authority()).certificate });
      const ends: (() => unknown)[] = [];
      try {
        await prove({ transport, ...limits, whenOver: (end) => ends.push(end) });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`${name} breaks ${id}. ${rule} ${reason}`, { cause: error });
      } finally {
        for (const end of ends) await end();
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
