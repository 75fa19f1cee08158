import type { RecordedRequest } from '@frameio-auth/testing';

/** The observations at the server and at the workers. */
export interface Evidence {
  /** Every request that the server received. */
  readonly requests: readonly RecordedRequest[];
  /** How many tokens expired. */
  readonly expiries: number;
  /** The numbers of the workers that were killed and paused. */
  readonly killed: number;
  readonly paused: number;
  /** How many tokens the paused worker had missed when it resumed, and how many calls it took to get the newest. */
  readonly awakening: { readonly missed: number; readonly asked: number };
  readonly served: number;
  readonly errors: number;
  /** The newest token, and those that the workers served at the end. */
  readonly newest: string;
  readonly tokens: readonly string[];
  /** The responses of Frame.io's API to the last call of each worker. */
  readonly statuses: readonly string[];
}

export interface Claim {
  readonly holds: boolean;
  readonly words: string;
}

/** Returns the claims about the fleet. If one does not hold, the example has failed. */
export function claims(evidence: Evidence): readonly Claim[] {
  const { requests, expiries, killed, paused, awakening, served, errors, newest, tokens, statuses } = evidence;
  const refreshes = requests.filter(({ grantType }) => grantType === 'refresh_token');
  const granted = refreshes.filter(({ outcome }) => outcome === 'granted');
  const refused = requests.filter(({ outcome }) => outcome === 'invalid_grant');
  const presented = new Set(refreshes.map(({ form }) => form['refresh_token']));
  const lastCalls = requests.filter(({ endpoint }) => endpoint === 'api').slice(-tokens.length);
  const senders = new Set(lastCalls.map(({ headers }) => headers['authorization']));
  return [
    {
      holds: granted.length === expiries && refreshes.length === expiries + 1,
      words:
        `${expiries} expiries, ${refreshes.length} refresh requests, counted by the server: one each, and one ` +
        `more because worker ${killed} was killed after it had sent one. It was unknown whether the server had acted, ` +
        'so another worker asked again.',
    },
    {
      holds: presented.size === expiries && refused.length === 0,
      words:
        `No refresh token was redeemed twice: the server granted ${granted.length} refreshes and refused ` +
        `${refused.length}. Here, one reuse would have signed the user out.`,
    },
    {
      holds: awakening.missed > 0 && awakening.asked === 0,
      words:
        `Worker ${paused} slept through ${awakening.missed} ${awakening.missed === 1 ? 'expiry' : 'expiries'}, went on ` +
        'with an expired token, and adopted the newest without asking the server.',
    },
    {
      holds: errors === 0 && served > 0,
      words: `${served.toLocaleString('en')} calls of getToken() were served, and ${errors} failed.`,
    },
    {
      holds:
        tokens.every((token) => token === newest) && statuses.every((status) => status === '200') && senders.size === 1,
      words: `No user is signed out: Frame.io's API accepted the newest token, ${newest}, from all ${tokens.length} workers.`,
    },
  ];
}
