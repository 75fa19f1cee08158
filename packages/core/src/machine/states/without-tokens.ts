import { session } from '../session-setup.js';
import { rejectWithoutTokens } from './actions.js';
import { beginning, withoutTokens } from './transitions.js';

/** A session without tokens that requests none; shared by `unauthenticated`, `expired` and `revoked`. */
export const restingWithoutTokens = session.createStateConfig({
  entry: ['noteWishesMet', rejectWithoutTokens],
  on: {
    ...withoutTokens,
    'authorization.started': '#session.authorizing.awaitingRedirect',
    ...beginning,
  },
});
