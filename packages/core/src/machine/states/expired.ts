import { session } from '../session-setup.js';
import { restingWithoutTokens } from './without-tokens.js';

export const expired = session.createStateConfig({
  description: 'The tokens are dead. The user must sign in again.',
  ...restingWithoutTokens,
});
