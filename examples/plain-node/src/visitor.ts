import assert from 'node:assert/strict';

/** Visits the application of sign-in.ts as a browser would, and fails unless it behaves. `signIn` clicks on "Allow". */
export async function visitOnce(home: string, signIn: (url: string) => Promise<string>): Promise<void> {
  let cookie = '';

  async function open(path: string, init: RequestInit = {}) {
    const headers = { ...(cookie !== '' && { cookie }) };
    const answer = await fetch(new URL(path, home), { redirect: 'manual', headers, ...init });
    const [setCookie] = answer.headers.getSetCookie();
    if (setCookie !== undefined) {
      assert.match(setCookie, /HttpOnly; SameSite=Lax/);
      [cookie = ''] = setCookie.split(';');
    }
    return { status: answer.status, location: answer.headers.get('location') ?? '', html: await answer.text() };
  }

  assert.match((await open('/')).html, /Sign in with Adobe/);

  const callback = await signIn((await open('/login')).location);
  const elsewhere = await open(callback, { headers: {} });
  assert.equal(elsewhere.status, 400, 'another browser cannot use the callback');
  assert.equal((await open(callback)).location, '/');
  assert.match((await open('/')).html, /Hello Mara Editor/);
  assert.equal((await open(callback)).status, 400, 'nor can the same browser use it twice');
  console.log('Signed in: hello Mara Editor');

  const signedIn = cookie;
  assert.equal((await open('/logout', { method: 'POST' })).location, '/');
  assert.equal(cookie, 'visitor=', 'the cookie is gone');
  cookie = signedIn;
  assert.match((await open('/')).html, /Sign in with Adobe/, 'and who kept it gains nothing');
  console.log('Signed out');
}
