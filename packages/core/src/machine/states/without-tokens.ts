import { session, type TransitionsOn } from '../session-setup.js';
import { rejectWithoutTokens } from './actions.js';
import { signInOrOut, withoutTokens } from './transitions.js';

/** A state without tokens that requests none. `read`: transitions to try first for a record. */
export function idleWithoutTokens<const Read extends TransitionsOn<'record.read'>>({
  description,
  read,
}: {
  description: string;
  read: Read;
}) {
  return session.createStateConfig({
    description,
    entry: ['clearRequest', rejectWithoutTokens],
    on: {
      ...withoutTokens,
      'record.read': [...read, ...withoutTokens['record.read']],
      'authorization.started': '#session.authorizing.awaitingRedirect',
      ...signInOrOut,
    },
  });
}
