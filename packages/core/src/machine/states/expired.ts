import { idleWithoutTokens } from './without-tokens.js';

export const expired = idleWithoutTokens({
  description: 'The session has expired. The user must sign in again.',
  read: [],
});
