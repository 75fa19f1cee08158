/** Sign-in for Express 4 and 5. */
import type { SignInVisit } from './web/visit.js';

export { frameioAuth, type Next, requireSignIn, type SignInMessage, sendFailure } from './node.js';

declare global {
  // biome-ignore lint/style/noNamespace: the types of Express are extended by this namespace.
  namespace Express {
    interface Request {
      /** The user of this request. */
      frameio: SignInVisit;
    }
  }
}
