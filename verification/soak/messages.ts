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
export interface Sighting {
  readonly id: number;
  readonly arrivals: Arrival[];
  readonly elsewhere: Arrival[];
}

/** What the process of the API can be asked. */
export interface Questions {
  /** What was seen of the requests with these numbers. */
  sightings: { takes: { readonly from: number; readonly to: number }; gives: Sighting[] };
  /** How many connections are open to the API and to the other origin. */
  connections: { takes: null; gives: number };
  tokenRequests: { takes: null; gives: { readonly total: number; readonly faulty: number } };
}

export interface Question<Name extends keyof Questions> {
  readonly number: number;
  readonly name: Name;
  readonly takes: Questions[Name]['takes'];
}

export interface Reply {
  readonly number: number;
  readonly gives: unknown;
}

/** The first message of the process: it listens. */
export interface Addresses {
  readonly api: string;
  readonly elsewhere: string;
  readonly authorizationServer: string;
  readonly services: readonly [FictionalService, FictionalService];
}
