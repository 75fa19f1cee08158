import { session } from '../session-setup.js';
import { rejectWithoutTokens } from './actions.js';
import { beginning, withoutTokens } from './transitions.js';

/** A session that has no tokens and does not ask for any: what `unauthenticated`, `expired` and `revoked` share. */
export const restingWithoutTokens = session.createStateConfig({
  entry: ['noteWishesMet', rejectWithoutTokens],
  on: {
    ...withoutTokens,
    'authorization.started': '#session.authorizing.awaitingRedirect',
    ...beginning,
  },
});
