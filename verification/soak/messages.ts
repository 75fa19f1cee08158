import type { FictionalService } from '@frameio-auth/testing';

/** How the API saw one request come and go. */
export interface Arrival {
  /** Which of the tokens it carried, in the order in which the API first saw them; 0: none. */
  readonly token: number;
  /** Whether the body was the one that was meant; `'incomplete'`: it broke off, or was not read to its end. */
  body: 'whole' | 'incomplete' | 'different';
  /** The status that it was answered with; 0: none. */
  status: number;
  /** How the response ended, if it did: normally, or cut off by the API. */
  end: 'none' | 'whole' | 'cut' | 'reset';
}

/** Everything that came with the number of one request. */
export interface RequestRecord {
  readonly id: number;
  readonly arrivals: Arrival[];
  readonly elsewhere: Arrival[];
}

/** The commands of the process of the API. */
export interface Commands {
  /** What was seen of the requests with these numbers. */
  records: { argument: { readonly from: number; readonly to: number }; result: RequestRecord[] };
  /** Where the servers listen. */
  addresses: { argument: null; result: Addresses };
  /** How many connections are open to the API and to the other origin. */
  connections: { argument: null; result: number };
  tokenRequests: { argument: null; result: { readonly total: number; readonly faulty: number } };
}

/** Where the servers listen, and the services that they know. */
export interface Addresses {
  readonly api: string;
  readonly elsewhere: string;
  readonly authorizationServer: string;
  readonly services: readonly [FictionalService, FictionalService];
}
