import type { Words } from './words.js';

export const english: Words = {
  actionRequired: {
    title: 'Something is needed from you first',
    text: 'Do what is asked for there, then sign in again.',
  },
  declined: { title: 'You did not sign in', text: 'Nothing of yours was shared with this application.' },
  confirmation: {
    title: 'Sign in to Frame.io?',
    text: 'Another site has sent you here. Go on only if you want to sign in.',
  },
  notLoggedIn: { title: 'Log in first', text: 'Log in to this application, then come back.' },
  notCompleted: {
    title: 'The sign-in was not completed',
    text: 'It may have been begun in another browser, or too long ago, or be completed already.',
  },
  notAllowed: { title: 'Nothing was done', text: 'That did not come from a page of this application.' },
  outage: {
    title: 'This does not work at the moment',
    text: 'You have lost nothing. Please try again in a while: load this page again.',
  },
  continue: 'Continue',
  tryAgain: 'Try again',
  signInAgain: 'Sign in again',
};
