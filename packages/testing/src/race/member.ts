import type { UserSession } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import type { FictionalWebApp } from '../fictional-clients.js';
import type { TcpAddress } from './tcp-proxy.js';

/** What a member of a race is made of. */
export interface MemberContext<Parameters = unknown> {
  /** The member's place: 0 for the first. A process that takes the place of a dead one has the same. */
  readonly index: number;
  /** The authorization server's origin: `adobeIms({ origin })`. */
  readonly origin: string;
  /** The application's registration there: `new WebAppAuth({ ...client, … })`. */
  readonly client: FictionalWebApp;
  /** What the race was given for its members. */
  readonly parameters: Parameters;
  /** This member's own way to the storage's server, which faults can cut; absent when the race was given no address. */
  readonly storageAddress?: TcpAddress;
  /** Puts a witness before the storage. The session must use what this returns. */
  witnessStorage(storage: TokenStorage): TokenStorage;
  /** Puts a witness before the transport. The session must use what this returns. */
  witnessTransport(transport: Transport): Transport;
}

/** A member of a race: a session, and how to let go of what it was made of. */
export interface RaceMember {
  readonly session: Pick<
    UserSession,
    'getAuthorizationUrl' | 'getToken' | 'peekToken' | 'refresh' | 'subscribe' | 'snapshot'
  > & { handleCallback(url: string): Promise<unknown> };
  close(): Promise<void>;
}

/** What the module of a race's members exports as `createMember`. */
export type CreateMember<Parameters = unknown> = (
  context: MemberContext<Parameters>,
) => RaceMember | Promise<RaceMember>;
