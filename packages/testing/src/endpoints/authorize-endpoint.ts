import { randomBytes } from 'node:crypto';
import type { Client } from '../client-registry.js';
import { type Decision, htmlAnswer, type ReceivedRequest, redirectAnswer } from '../http-message.js';
import { OAuthError } from '../oauth-error.js';
import { scopesOf } from '../profiles/profile.js';
import { errorPage, signInPage } from '../sign-in-page.js';
import type { Consent } from '../token-issuer.js';
import type { EndpointContext } from './endpoint-context.js';

/** A sign-in page that is open in a browser. */
interface OpenQuestion {
  readonly consent: Omit<Consent, 'userId'>;
  readonly expiresAt: number;
}

const QUESTION_LIFETIME = 10 * 60_000;

/**
 * Implements the authorization endpoint (RFC 6749 §3.1): GET shows the sign-in page, and its form POSTs the decision.
 */
export class AuthorizeEndpoint {
  readonly #context: EndpointContext;
  readonly #questions = new Map<string, OpenQuestion>();

  constructor(context: EndpointContext) {
    this.#context = context;
  }

  answer(request: ReceivedRequest): Decision {
    try {
      return request.method === 'POST' ? this.#decide(request.form) : this.#ask(request.query);
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return { answer: htmlAnswer(error.status, errorPage(error.error, error.message)), outcome: error.error };
    }
  }

  /** A refusal thrown here has no safe redirect target, and becomes a page. */
  #ask(query: URLSearchParams): Decision {
    const { profile, clients, users, clock } = this.#context;
    const client = clients.find(query.get('client_id') ?? '');
    if (client === undefined) throw new OAuthError('invalid_client', 'invalid client_id parameter');
    const redirectUri = this.#redirectUri(client, query.get('redirect_uri'));
    const state = query.get('state') ?? undefined;
    if ((state?.length ?? 0) > profile.longestState) throw new OAuthError('invalid_request', 'state is too long');

    try {
      const consent = {
        ...consentAsked(query, client, this.#context),
        redirectUri,
        ...(state === undefined ? {} : { state }),
      };
      const id = randomBytes(18).toString('base64url');
      this.#questions.set(id, { consent, expiresAt: clock.now() + QUESTION_LIFETIME });
      const { name: clientName } = client;
      const page = signInPage({
        request: id,
        clientName,
        scopes: consent.scopes,
        users,
        action: profile.paths.authorize,
      });
      return { answer: htmlAnswer(200, page), outcome: 'page' };
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return this.#redirect(redirectUri, state, { error: error.error, error_description: error.message });
    }
  }

  #decide(form: URLSearchParams): Decision {
    const { users, issuer, clock, ledger } = this.#context;
    const id = form.get('request') ?? '';
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    if (question === undefined || question.expiresAt <= clock.now()) {
      throw new OAuthError('invalid_request', 'this sign-in page was answered already, or is too old');
    }
    const { redirectUri, state } = question.consent;
    if (form.get('decision') !== 'allow') {
      return this.#redirect(redirectUri, state, {
        error: 'access_denied',
        error_description: 'the user denied access',
      });
    }
    const user = users.find((each) => each.id === form.get('user'));
    if (user === undefined) throw new OAuthError('invalid_request', 'no user of that name may sign in');
    const code = issuer.issueCode({ ...question.consent, userId: user.id });
    ledger.add(code);
    return this.#redirect(redirectUri, state, { code });
  }

  #redirectUri(client: Client, asked: string | null): string {
    const { unregisteredRedirectUri, allowHttpRedirects } = this.#context;
    const allowed = (uri: string): boolean => allowHttpRedirects || isStrict(new URL(uri));
    const registered = (uri: string): boolean =>
      (client.redirectUris.includes(uri) || client.redirectUriPattern?.test(uri) === true) && allowed(uri);
    if (asked !== null && registered(asked)) return asked;
    const fallback = client.redirectUris.find(allowed);
    if (fallback !== undefined && (asked === null || unregisteredRedirectUri === 'replaced')) return fallback;
    throw new OAuthError('invalid_request', 'redirect_uri is not registered');
  }

  #redirect(redirectUri: string, state: string | undefined, parameters: Record<string, string>): Decision {
    const location = new URL(redirectUri);
    for (const [name, value] of Object.entries(parameters)) location.searchParams.set(name, value);
    if (state !== undefined) location.searchParams.set('state', state);
    // RFC 9207 §2
    if (this.#context.sendIssuer) location.searchParams.set('iss', this.#context.origin());
    return { answer: redirectAnswer(location.href), outcome: parameters['error'] ?? 'granted' };
  }
}

/** Adobe accepts https with a host name, and custom schemes of applications. */
function isStrict({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' ? !/^\[|^[\d.]+$/.test(hostname) : protocol !== 'http:';
}

/** Reads what the application requests. Refusals thrown here are redirected to the application. */
function consentAsked(
  query: URLSearchParams,
  client: Client,
  { profile }: EndpointContext,
): Omit<Consent, 'userId' | 'redirectUri'> {
  if ((query.get('response_type') ?? 'code') !== 'code') {
    throw new OAuthError('unsupported_response_type', 'invalid response_type parameter');
  }
  if (!client.grantTypes.includes('authorization_code')) {
    throw new OAuthError('unauthorized_client', 'this client signs no users in');
  }
  const scopes = scopesOf(query.get('scope') ?? '', profile);
  if (scopes.length === 0 || scopes.some((scope) => !client.scopes.includes(scope) || scope === 'frame.s2s.all')) {
    throw new OAuthError('invalid_scope', 'invalid scope parameter');
  }
  const challenge = query.get('code_challenge');
  const method = query.get('code_challenge_method') ?? 'plain';
  if (method !== 'plain' && method !== 'S256') {
    throw new OAuthError('invalid_request', 'invalid code_challenge_method parameter');
  }
  if (challenge === null && client.isPublic) {
    throw new OAuthError('invalid_request', 'missing code_challenge parameter');
  }
  // No user is signed in before the page is submitted, so a silent sign-in is impossible.
  if (query.get('prompt') === 'none') throw new OAuthError('login_required', 'no user is signed in');

  const nonce = query.get('nonce');
  return {
    clientId: client.clientId,
    scopes: [...new Set([...scopes, ...profile.addedScopes])],
    refreshable: scopes.includes(profile.refreshScope) && client.grantTypes.includes('refresh_token'),
    ...(nonce === null ? {} : { nonce }),
    ...(challenge === null ? {} : { codeChallenge: { value: challenge, method } }),
  };
}
