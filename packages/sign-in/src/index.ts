/** Sign-in with Frame.io over `Request` and `Response`. */
export { type CookieLogin, type CookieLoginOptions, cookieLogin } from './web/cookie-login.js';
export type { SignInFailure } from './web/failures.js';
export type { LoginKey } from './web/key-ring.js';
export type { Fetch, SignInLogger, SignInOptions } from './web/options.js';
export type { SignInProblem } from './web/problem.js';
export type { SignInRequest } from './web/request.js';
export { type SignIn, signIn } from './web/sign-in.js';
export { SignInRequiredError } from './web/sign-in-required-error.js';
export type { SignInAdmission, SignInUsers } from './web/users.js';
export type { SignInVisit, VisitContext } from './web/visit.js';
