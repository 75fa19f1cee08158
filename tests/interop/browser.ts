/**
 * Acts like a person in a browser: follows the redirects with a cookie jar, presses the same button on each page, and
 * stops at the redirect to the application, which it resolves to.
 *
 * @param options - `cookies`: those of an earlier visit
 * @throws Error if there is no way to continue
 */
export async function signIn(
  authorizationUrl: string,
  { deny = false, cookies = new Map<string, string>() } = {},
): Promise<string> {
  const { origin } = new URL(authorizationUrl);
  const decision = new URLSearchParams({ decision: deny ? 'deny' : 'allow' });

  let url = authorizationUrl;
  let form: URLSearchParams | undefined;
  for (let page = 0; page < 20; page += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const init: RequestInit = { headers: { cookie }, redirect: 'manual' };
    const response = await fetch(url, form === undefined ? init : { ...init, method: 'POST', body: form });
    for (const [, name = '', value = ''] of response.headers
      .getSetCookie()
      .map((set) => /^([^=]+)=([^;]*)/.exec(set) ?? [])) {
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (location === null && !response.ok) throw new Error(`The server showed an error page: ${await response.text()}`);
    form = location === null ? decision : undefined;
    if (location !== null) url = new URL(location, url).href;
    if (new URL(url).origin !== origin) return url;
  }
  throw new Error('The server sent the browser round in circles');
}
