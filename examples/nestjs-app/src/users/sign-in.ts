/** Where the routes of the sign-in are. */
export const SIGN_IN = 'auth/frameio';
