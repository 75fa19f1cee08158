import assert from 'node:assert/strict';

/**
 * Visits the application of sign-in.ts as a browser would, and fails unless it behaves correctly. `signIn` clicks
 * "Allow".
 */
export async function visitOnce(home: string, signIn: (url: string) => Promise<string>): Promise<void> {
  let cookies = new Map<string, string>();

  async function open(path: string, init: RequestInit = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(new URL(path, home), {
      redirect: 'manual',
      ...init,
      headers: { ...init.headers, cookie },
    });
    for (const header of answer.headers.getSetCookie()) {
      assert.match(header, /HttpOnly; SameSite=Lax/);
      const [, name = '', value = ''] = /^([^=]+)=([^;]*);/.exec(header) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: answer.status, location: answer.headers.get('location') ?? '', html: await answer.text() };
  }

  /** Requests a path as a browser with other cookies. */
  async function openWith(others: Map<string, string>, path: string) {
    const own = cookies;
    cookies = new Map(others);
    const answer = await open(path);
    cookies = own;
    return answer;
  }

  assert.match((await open('/')).html, /Sign in with Adobe/);

  const callback = await signIn((await open('/login')).location);
  const before = new Map(cookies);
  assert.equal((await openWith(new Map(), callback)).status, 400, 'another browser cannot use the callback');
  const state = new URL(callback).searchParams.get('state') ?? '';
  const made = new Map([...cookies.keys()].map((name) => [name, state]));
  assert.equal((await openWith(made, callback)).status, 400, 'nor can one that was told the address');
  const twice = await Promise.all([open(callback), open(callback)]);
  assert.deepEqual(
    twice.map(({ location }) => location),
    ['/', '/'],
    'a double click signs in once',
  );
  assert.match((await open('/')).html, /Hello Mara Editor/);
  const signedInBefore = new Map(cookies);
  assert.equal((await open(callback)).location, '/', 'a reloaded callback ends where the first one did');
  assert.deepEqual(cookies, signedInBefore, 'and changes nothing');
  assert.match((await open('/')).html, /Hello Mara Editor/);
  const injected = await openWith(before, '/');
  assert.match(injected.html, /Sign in with Adobe/, 'who planted what the browser had before gains nothing');
  console.log('Signed in: hello Mara Editor');

  const lured = await open('/login', { headers: { 'sec-fetch-site': 'cross-site' } });
  assert.match(lured.html, /Sign in again/, 'another site cannot begin a sign-in for a user who is signed in');

  const signedIn = new Map(cookies);
  const foreign = await open('/logout', { method: 'POST', headers: { 'sec-fetch-site': 'same-site' } });
  assert.equal(foreign.status, 403, 'another site cannot sign the user out');
  const own = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } };
  assert.equal((await open('/logout', own)).location, '/');
  assert.equal(cookies.size, 0, 'the cookies are gone');
  assert.equal((await open(callback)).status, 400, 'and the callback signs no user in again');
  assert.match((await openWith(signedIn, '/')).html, /Sign in with Adobe/, 'and who kept it gains nothing');
  console.log('Signed out');
}
