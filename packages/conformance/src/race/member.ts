import type { UserSession } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import type { FictionalWebApp, TcpAddress } from '@frameio-auth/testing';

/** What a member of a race is created from. */
export interface MemberContext<Parameters = unknown> {
  /** The member's place: 0 for the first. A process that replaces a dead one has the same place. */
  readonly index: number;
  /** The authorization server's origin: `adobeIms({ origin })`. */
  readonly origin: string;
  /** The application's registration there: `new WebAppAuth({ ...client, … })`. */
  readonly client: FictionalWebApp;
  /** The parameters that the race was given for its members. */
  readonly parameters: Parameters;
  /** This member's own route to the storage's server, which faults can cut; absent if the race was given no address. */
  readonly storageAddress?: TcpAddress;
  /** Wraps the storage to record its calls. The session must use the result. */
  witnessStorage(storage: TokenStorage): TokenStorage;
  /** Wraps the transport to record its requests. The session must use the result. */
  witnessTransport(transport: Transport): Transport;
}

/** A member of a race: a session, and a way to close what it was created from. */
export interface RaceMember {
  readonly session: Pick<
    UserSession,
    'getAuthorizationUrl' | 'getToken' | 'peekToken' | 'refresh' | 'subscribe' | 'snapshot'
  > & { handleCallback(url: string): Promise<unknown> };
  close(): Promise<void>;
}

/** The function that the module of a race's members exports as `createMember`. */
export type CreateMember<Parameters = unknown> = (
  context: MemberContext<Parameters>,
) => RaceMember | Promise<RaceMember>;
