import type { Words } from './words.js';

export const english: Words = {
  actionRequired: {
    title: 'Adobe or Frame.io needs something from you first',
    text: 'You are not signed in yet. Continue to their page, do what it asks, then sign in again.',
  },
  declined: { title: 'You did not sign in', text: 'You declined, so nothing was shared with this application.' },
  confirmation: {
    title: 'Sign in to Frame.io?',
    text: 'Another site sent you here to sign in, perhaps with an account that is not yours. Continue only if you want to sign in.',
  },
  notLoggedIn: {
    title: 'Log in first',
    text: 'You can connect Frame.io after you have logged in to this application.',
  },
  notCompleted: {
    title: 'The sign-in was not completed',
    text: 'It was started in another browser, took too long, or was completed before. Start it again here.',
  },
  notAllowed: {
    title: 'Nothing was changed',
    text: 'Another site sent this request. Use the pages of this application.',
  },
  outage: {
    title: 'Signing in does not work at the moment',
    text: 'There is a problem here or at Frame.io, and nothing was lost. Try again: reload this page in a few minutes.',
  },
  continue: 'Continue',
  tryAgain: 'Try again',
  signInAgain: 'Sign in again',
};
