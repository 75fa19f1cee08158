import { createHash } from 'node:crypto';
import type { FrameioAuthProblem } from '../frameio-auth.exception.js';

const STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 32rem; margin: 15vh auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }`;

/** The page runs and loads nothing and cannot be framed, whatever the application allows on its own pages. */
export const PAGE_HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
};

interface Words {
  readonly title: string;
  readonly text: string;
  /** Addresses by link text. */
  readonly links: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the page that people see after a failed sign-in or sign-out. From external sources it contains only the error
 * code, the support id and the `actionUrl`, which core has validated. It never contains descriptions from the server.
 */
export function failurePage(problem: FrameioAuthProblem): string {
  const { title, text, links } = wordsFor(problem);
  const shown = Object.entries(links).flatMap(([label, address]) =>
    address === undefined ? [] : [`<p><a href="${escaped(address)}">${label}</a></p>\n`],
  );
  const code = [problem.code, problem.debugId].filter((word) => word !== undefined).join(' · ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
<p>${text}</p>
${shown.join('')}<p><small>${escaped(code)}</small></p>
</body>
</html>
`;
}

function wordsFor({ statusCode, code, actionUrl, signIn }: FrameioAuthProblem): Words {
  if (actionUrl !== undefined) {
    return {
      title: 'Adobe or Frame.io needs something from you first',
      text: 'You are not signed in yet. Continue to their page, do what it asks, then sign in again.',
      links: { Continue: actionUrl, 'Sign in again': signIn },
    };
  }
  if (code === 'access_denied') {
    return {
      title: 'You did not sign in',
      text: 'You declined, so nothing was shared with this application.',
      links: { 'Try again': signIn },
    };
  }
  if (code === 'confirmation_required') {
    return {
      title: 'Sign in to Frame.io?',
      text: 'Another site sent you here to sign in, perhaps with an account that is not yours. Continue only if you want to sign in.',
      links: { Continue: signIn },
    };
  }
  if (code === 'not_logged_in') {
    return {
      title: 'Log in first',
      text: 'You can connect Frame.io after you have logged in to this application.',
      links: {},
    };
  }
  if (statusCode === 401) {
    return {
      title: 'The sign-in was not completed',
      text: 'It was started in another browser, took too long, or was completed before. Start it again here.',
      links: { 'Try again': signIn },
    };
  }
  if (statusCode < 500) {
    return {
      title: 'Nothing was changed',
      text: 'Another site sent this request. Use the pages of this application.',
      links: {},
    };
  }
  return {
    title: 'Signing in does not work at the moment',
    text: 'There is a problem here or at Frame.io, and nothing was lost. Reload this page in a few minutes.',
    links: {},
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
