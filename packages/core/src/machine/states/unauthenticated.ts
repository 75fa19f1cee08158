import { idleWithoutTokens } from './without-tokens.js';

export const unauthenticated = idleWithoutTokens({
  description: 'There are no tokens.',
  read: [],
});
