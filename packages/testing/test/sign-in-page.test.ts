import { describe, expect, it } from 'vitest';
import { authorization, CALLBACK, post, startServer } from './application.js';

const open = async (url: string): Promise<Response> => fetch(url, { redirect: 'manual' });

/** Posts a decision as a browser does, without following the redirect. */
const decide = (url: string, form: Record<string, string>): Promise<Response> =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });

const questionOn = (page: string): string => /name="request" value="([^"]+)"/.exec(page)?.[1] ?? 'no question';

describe('the sign-in page', () => {
  it('says who asks for what, offers every user, and both decisions', async () => {
    const server = await startServer();
    const response = await open(authorization(server, server.clients.webApp).url);
    const page = await response.text();
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page).toContain('<h1>Review Portal asks for access</h1>');
    for (const scope of server.clients.webApp.scopes) expect(page).toContain(`<code>${scope}</code>`);
    for (const { id, email } of server.users) {
      expect(page).toContain(`value="${id}"`);
      expect(page).toContain(email);
    }
    expect(page).toContain('<button name="decision" value="allow">Allow</button>');
    expect(page).toContain('<button name="decision" value="deny">Deny</button>');
  });

  it('is labelled for those who do not see it', async () => {
    const server = await startServer();
    const page = await (await open(authorization(server, server.clients.webApp).url)).text();
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('<title>Sign in to Review Portal</title>');
    expect(page).toContain('<legend>Sign in as</legend>');
    expect(page.match(/<label><input type="radio"/g)).toHaveLength(server.users.length);
  });

  it('escapes what comes from the registration, the users and the request', async () => {
    const hostile = '"><script>alert("1")</script>&\'';
    const users = [{ id: hostile, name: hostile, email: hostile }];
    const client = { clientId: 'hostile.fictional', name: hostile, redirectUris: [CALLBACK], scopes: [hostile] };
    const server = await startServer({ users, clients: [client] });
    const { url } = authorization(server, { ...client, redirectUri: CALLBACK });
    const page = await (await open(url)).text();
    expect(page).not.toContain('<script>');
    expect(page).toContain('&quot;&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39; asks for access');
    expect((await open(url)).headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('works once: a decision that is posted again is refused', async () => {
    const server = await startServer();
    const { url } = authorization(server, server.clients.webApp);
    const request = questionOn(await (await open(url)).text());
    const form = { request, user: server.users[0]?.id ?? '', decision: 'allow' };
    expect((await decide(url, form)).status).toBe(302);
    const again = await decide(url, form);
    expect(again.status).toBe(400);
    expect(await again.text()).toContain('answered already, or is too old');
  });

  it('takes no decision that does not come from the page', async () => {
    const server = await startServer();
    const forged = await post(server.endpoints.authorizationEndpoint, { decision: 'allow', user: server.users[0]?.id });
    expect(forged.status).toBe(400);
  });

  it('signs nobody in whom the server does not know, and takes no answer for consent', async () => {
    const server = await startServer();
    const { url } = authorization(server, server.clients.webApp);
    const stranger = { request: questionOn(await (await open(url)).text()), user: 'stranger', decision: 'allow' };
    expect((await decide(url, stranger)).status).toBe(400);
    const undecided = { request: questionOn(await (await open(url)).text()), user: server.users[0]?.id ?? '' };
    const location = (await decide(url, undecided)).headers.get('location') ?? '';
    expect(new URL(location).searchParams.get('error')).toBe('access_denied');
  });
});

describe('signIn', () => {
  it('signs in whom a test names, by id or e-mail, and refuses to name a stranger', async () => {
    const server = await startServer();
    const { url } = authorization(server, server.clients.webApp);
    const [, ode] = server.users;
    expect(await server.signIn(new URL(url), { user: ode?.id ?? '' })).toContain('code=');
    await expect(server.signIn(url, { user: 'stranger' })).rejects.toThrow('knows no user stranger');
    const pages = server.requests.map(({ method, outcome }) => `${method} ${outcome}`);
    expect(pages).toEqual(['GET page', 'POST granted']);
  });
});
