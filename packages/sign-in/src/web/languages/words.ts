/** A title and a sentence or two, in plain text. */
export interface Message {
  readonly title: string;
  readonly text: string;
}

/** The words of the failure pages in one language. */
export interface Words {
  /** The server requires an action of the user first. */
  readonly actionRequired: Message;
  /** The user declined at the server. */
  readonly declined: Message;
  /** Another site sent a user who is signed in to the sign-in. */
  readonly confirmation: Message;
  /** The application has a login of its own, and the user is not logged in. */
  readonly notLoggedIn: Message;
  /** The callback is not valid, or not valid any more. */
  readonly notCompleted: Message;
  /** Another site sent the request. */
  readonly notAllowed: Message;
  /** The server, the storage or the application does not work. */
  readonly outage: Message;
  /** The labels of links. */
  readonly continue: string;
  readonly tryAgain: string;
  readonly signInAgain: string;
}
