import { adobeIms, WebAppAuth } from '@frameio-auth/core';
import { cookieLogin, signIn } from '@frameio-auth/sign-in';
import { frameioAuth } from '@frameio-auth/sign-in/next';
import { authenticatedFetch, fetchTransport } from '@frameio-auth/transport-fetch';

export const frameio = frameioAuth(() => {
  const { API = '', CLIENT_ID = '', CLIENT_SECRET = '', REDIRECT_URI = '', COOKIE_KEY = '' } = process.env;
  const auth = new WebAppAuth({
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    redirectUri: REDIRECT_URI,
    server: adobeIms({ origin: API }),
    transport: fetchTransport(),
  });
  return signIn({
    auth,
    path: '/auth/frameio',
    login: cookieLogin({ keys: { one: COOKIE_KEY }, current: 'one' }),
    fetch: (session) => authenticatedFetch(session, { allowedOrigins: [API] }),
  });
});
