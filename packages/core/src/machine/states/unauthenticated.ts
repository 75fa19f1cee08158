import { session } from '../session-setup.js';
import { restingWithoutTokens } from './without-tokens.js';

export const unauthenticated = session.createStateConfig({
  description: 'There are no tokens.',
  ...restingWithoutTokens,
});
