import { wordsFor } from './languages/negotiation.js';
import type { Message, Words } from './languages/words.js';
import type { SignInProblem } from './problem.js';

const STYLE = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { max-width: 32rem; margin: 15vh auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }`;

/** A code that a server or a forged callback may have chosen is shown only if it cannot be read as a sentence. */
const PLAIN = /^[\w.:-]{1,64}$/;

/**
 * Resolves to the page that people see after a failed sign-in or sign-out. From external sources it contains only the
 * error code, the support ID and the `actionUrl`, which core has validated. It never contains descriptions from the
 * server.
 *
 * The page runs and loads nothing and cannot be framed, whatever the application allows on its own pages.
 */
export async function failurePage(
  problem: SignInProblem,
  acceptLanguage: string | null,
): Promise<{ readonly html: string; readonly headers: Readonly<Record<string, string>> }> {
  const { language, words } = wordsFor(acceptLanguage);
  const { title, text, links } = contentFor(problem, words);
  const shown = links.map(({ label, address }) => `<p><a href="${escaped(address)}">${label}</a></p>\n`).join('');
  const code = [problem.code, problem.debugId].filter((word) => word !== undefined && PLAIN.test(word)).join(' · ');
  const html = `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
${shown}<p><small>${code}</small></p>
</main>
</body>
</html>
`;
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(STYLE)));
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Language': language,
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${btoa(String.fromCharCode(...hash))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  };
  return { html, headers };
}

interface Content extends Message {
  readonly links: readonly { readonly label: string; readonly address: string }[];
}

function contentFor({ statusCode, code, actionUrl, signIn }: SignInProblem, words: Words): Content {
  const link = (label: string, address: string | undefined) => (address === undefined ? [] : [{ label, address }]);
  if (actionUrl !== undefined) {
    const links = [...link(words.continue, actionUrl), ...link(words.signInAgain, signIn)];
    return { ...words.actionRequired, links };
  }
  if (code === 'access_denied') return { ...words.declined, links: link(words.tryAgain, signIn) };
  if (code === 'confirmation_required') return { ...words.confirmation, links: link(words.continue, signIn) };
  if (code === 'not_logged_in') return { ...words.notLoggedIn, links: [] };
  if (statusCode === 401) return { ...words.notCompleted, links: link(words.tryAgain, signIn) };
  if (statusCode < 500) return { ...words.notAllowed, links: [] };
  return { ...words.outage, links: [] };
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
