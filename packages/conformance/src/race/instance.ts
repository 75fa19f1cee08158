import type { UserSession } from '@frameio-auth/core';
import type { TokenStorage, Transport } from '@frameio-auth/core/adapter';
import type { FictionalWebApp, TcpAddress } from '@frameio-auth/testing';

/** What an instance of a race is created from. */
export interface InstanceContext<Parameters = unknown> {
  /** The instance's place: 0 for the first. A process that replaces a dead one has the same place. */
  readonly index: number;
  /** The authorization server's origin: `adobeIms({ origin })`. */
  readonly origin: string;
  /** The application's registration there: `new WebAppAuth({ ...client, … })`. */
  readonly client: FictionalWebApp;
  /** The parameters that the race was given for its instances. */
  readonly parameters: Parameters;
  /** This instance's own route to the storage's server, which faults can cut; absent if the race was given no address. */
  readonly storageAddress?: TcpAddress;
  /** Wraps the storage to record its calls. The session must use the result. */
  recordStorage(storage: TokenStorage): TokenStorage;
  /** Wraps the transport to record its requests. The session must use the result. */
  recordTransport(transport: Transport): Transport;
}

/** An instance of a race: a session, and a way to close what it was created from. */
export interface RaceInstance {
  readonly session: Pick<
    UserSession,
    'getAuthorizationUrl' | 'getToken' | 'peekToken' | 'refresh' | 'subscribe' | 'snapshot'
  > & { handleCallback(url: string): Promise<unknown> };
  close(): Promise<void>;
}

/** The function that the module of a race's instances exports as `createInstance`. */
export type CreateInstance<Parameters = unknown> = (
  context: InstanceContext<Parameters>,
) => RaceInstance | Promise<RaceInstance>;
