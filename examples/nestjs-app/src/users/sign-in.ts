/** The path of the sign-in's routes. */
export const SIGN_IN = 'auth/frameio';
