import { createHash } from 'node:crypto';

export interface Page {
  readonly status: 200 | 400 | 403 | 404 | 500 | 503;
  readonly html: string;
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dae0, #3a3d46); --accent: light-dark(#4b3fd6, #a79bff); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#f4f5f8, #15161b); color: light-dark(#1d1f27, #eceef4); }
main { box-sizing: border-box; width: min(26rem, 100vw - 2rem); padding: 2rem; border: 1px solid var(--line);
  border-radius: 1rem; background: light-dark(#fff, #1e2027); }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0 0 1.5rem; overflow-wrap: anywhere; }
:last-child { margin-bottom: 0; }
.button { display: inline-block; padding: .625rem 1.25rem; border: 0; border-radius: .5rem; font: inherit;
  font-weight: 600; text-decoration: none; cursor: pointer; background: var(--accent); color: light-dark(#fff, #15161b); }
.button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** The headers of every response, because each may concern one user. */
export const headers = {
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'referrer-policy': 'same-origin', // The address of a callback contains a code, which must not leak to other sites.
  'x-content-type-options': 'nosniff',
};

export function page(status: Page['status'], title: string, content: string): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
</body>
</html>
`;
  return { status, html };
}

/** Escapes text for an element or a quoted attribute. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
