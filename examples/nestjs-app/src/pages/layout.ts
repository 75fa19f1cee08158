import { createHash } from 'node:crypto';
import { Html, html } from './html.js';

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dae0, #3a3d46); --accent: light-dark(#4b3fd6, #a79bff); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#f4f5f8, #15161b); color: light-dark(#1d1f27, #eceef4); }
main { box-sizing: border-box; width: min(28rem, 100vw - 2rem); padding: 2rem; border: 1px solid var(--line);
  border-radius: 1rem; background: light-dark(#fff, #1e2027); }
h1, h2 { margin: 0 0 .5rem; line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1rem; }
p, ul { margin: 0 0 1.5rem; overflow-wrap: anywhere; }
ul { padding: 0; list-style: none; }
li { padding: .5rem 0; border-top: 1px solid var(--line); }
:last-child { margin-bottom: 0; }
.button { display: inline-block; padding: .625rem 1.25rem; border: 0; border-radius: .5rem; font: inherit;
  font-weight: 600; text-decoration: none; cursor: pointer; background: var(--accent); color: light-dark(#fff, #15161b); }
.button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;

/** The only style of the pages, as a source of the Content-Security-Policy. */
export const STYLE_SOURCE = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;

/** Returns a complete page. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${new Html(`<style>${style}</style>`)}
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.markup;
}
