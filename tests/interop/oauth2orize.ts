import { randomBytes } from 'node:crypto';
import { customServer } from '@frameio-auth/core';
import express from 'express';
import oauth2orize, {
  type ExchangeDoneFunction,
  type IssueExchangeCodeFunction,
  type IssueGrantCodeFunction,
  type ValidateFunction,
} from 'oauth2orize';
import passport from 'passport';
import { BasicStrategy } from 'passport-http';
import { listen } from './listening.js';
import type { OtherServer } from './other-server.js';

const APPLICATION = {
  clientId: 'review-portal.fictional',
  clientSecret: 'client-secret.fictional.review-portal',
  redirectUri: 'https://review-portal.example/callback',
  scopes: ['dailies.read'],
};

interface Client {
  readonly id: string;
}

/**
 * oauth2orize with Express and Passport, assembled as in its own examples: lax. It does not support PKCE, sends no
 * `expires_in`, rejects an invalid refresh token with 403, and a wrong secret with 401 and only the word
 * "Unauthorized".
 */
export async function startOauth2orize(): Promise<OtherServer> {
  const { server, origin, close } = await listen();
  const codes = new Set<string>();
  const refreshTokens = new Map<string, string>();
  const accessTokens = new Set<string>();
  const mint = (kind: string) => `${kind}.fictional.${randomBytes(12).toString('hex')}`;
  const issue = (): readonly [accessToken: string, refreshToken: string] => {
    const [accessToken, refreshToken] = [mint('access'), mint('refresh')];
    accessTokens.add(accessToken);
    refreshTokens.set(refreshToken, accessToken);
    return [accessToken, refreshToken];
  };

  const provider = oauth2orize.createServer();
  // oauth2orize chooses the arguments of a callback by its number of parameters.
  const issueCode: IssueGrantCodeFunction<Client> = (_client, _redirectUri, _user, _response, issued) => {
    const code = mint('code');
    codes.add(code);
    issued(null, code);
  };
  const exchangeCode: IssueExchangeCodeFunction<Client> = (_client, code, _redirectUri, issued) =>
    codes.delete(code) ? issued(null, ...issue()) : issued(null, false);
  const renew = (_client: Client, refreshToken: string, issued: ExchangeDoneFunction) =>
    refreshTokens.delete(refreshToken) ? issued(null, ...issue()) : issued(null, false);
  provider.grant(oauth2orize.grant.code(issueCode));
  provider.exchange(oauth2orize.exchange.code(exchangeCode));
  provider.exchange(oauth2orize.exchange.refreshToken(renew));

  const known = new passport.Passport();
  known.use(
    new BasicStrategy((id, secret, done) =>
      done(null, id === APPLICATION.clientId && secret === APPLICATION.clientSecret ? { id } : false),
    ),
  );
  const clientOnly = known.authenticate('basic', { session: false });

  const validate: ValidateFunction<Client> = (clientId, redirectUri, done) =>
    done(null, clientId === APPLICATION.clientId ? { id: clientId } : false, redirectUri);

  const application = express();
  application.use(express.urlencoded({ extended: false }));
  application.get(
    '/authorize',
    // Mara is signed in and has agreed before.
    (request, _response, next) => {
      Object.assign(request, { user: { id: 'mara@studio.example' }, session: {} });
      next();
    },
    provider.authorization(validate, ((_client: Client, _user: unknown, done: (error: null, isAllowed: true) => void) =>
      done(null, true)) as never),
  );
  application.post('/token', clientOnly, provider.token(), provider.errorHandler());
  application.post('/revoke', clientOnly, (request, response) => {
    const token = String(request.body.token);
    accessTokens.delete(refreshTokens.get(token) ?? token);
    refreshTokens.delete(token);
    response.sendStatus(200);
  });
  server.on('request', application);

  return {
    application: APPLICATION,
    wrongSecret: 'http_401',
    burnsCodes: false,
    profile: customServer({
      issuer: origin,
      authorizationEndpoint: `${origin}/authorize`,
      tokenEndpoint: `${origin}/token`,
      revocationEndpoint: `${origin}/revoke`,
      clientAuthentication: 'client_secret_basic',
    }),
    async signIn(url) {
      const response = await fetch(url, { redirect: 'manual' });
      return response.headers.get('location') ?? `no redirect: ${await response.text()}`;
    },
    isActive: async (token) => accessTokens.has(token),
    close,
  };
}
