import type { User } from './users.js';

export interface SignInQuestion {
  /** Identifies the question when the form is posted. Works once, which also prevents forged forms. */
  readonly request: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly users: readonly User[];
  /** The address that the form posts to. */
  readonly action: string;
}

/** Returns the page on which a person chooses a fictional user, and allows or denies. Works without scripts. */
export function signInPage({ request, clientName, scopes, users, action }: SignInQuestion): string {
  const choices = users.map(
    (
      user,
      index,
    ) => `<label><input type="radio" name="user" value="${escapeHtml(user.id)}"${index === 0 ? ' checked' : ''}>
        ${escapeHtml(user.name)} <small>${escapeHtml(user.email)}</small></label>`,
  );
  return page(
    `Sign in to ${clientName}`,
    `<h1>${escapeHtml(clientName)} asks for access</h1>
    <p>It asks for:</p>
    <ul>
      ${scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`).join('\n      ')}
    </ul>
    <form method="post" action="${escapeHtml(action)}">
      <input type="hidden" name="request" value="${escapeHtml(request)}">
      <fieldset>
        <legend>Sign in as</legend>
        ${choices.join('\n        ')}
      </fieldset>
      <button name="decision" value="allow">Allow</button>
      <button name="decision" value="deny">Deny</button>
    </form>`,
  );
}

/** Returns the page for a request that cannot be redirected (RFC 6749 §4.1.2.1). */
export function errorPage(error: string, description: string): string {
  return page(
    'Sign-in refused',
    `<h1>Sign-in refused</h1>\n    <p><code>${escapeHtml(error)}</code>: ${escapeHtml(description)}</p>`,
  );
}

/** Escapes text for an element or a quoted attribute. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escapeHtml(title)}</title>
  <style>
    body { font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto; padding: 0 1rem; }
    fieldset { margin: 0 0 1rem; border: 1px solid #767676; border-radius: .25rem; }
    label { display: block; padding: .25rem 0; }
    button { font: inherit; padding: .5rem 1.5rem; margin-right: .5rem; }
  </style>
</head>
<body>
  <main>
    ${content}
    <p><small>A local server for tests: nobody here is real.</small></p>
  </main>
</body>
</html>
`;
}
