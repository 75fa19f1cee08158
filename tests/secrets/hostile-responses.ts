import { type Answer, type Fault, fault, type ReceivedRequest } from '@frameio-auth/testing';

/** All that a request presents: its parameters, its body, what HTTP Basic carries, and that decoded. */
function presented({ form, headers }: ReceivedRequest): string {
  const authorization = headers['authorization'] ?? '';
  const credentials = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
  return [...form.values(), form.toString(), authorization, credentials].join(' ');
}

/** Returns a response that contains what the request presented. */
function answer(make: (secrets: string) => Partial<Omit<Answer, 'body'>> & { readonly body: unknown }): Fault {
  return ({ request }) => {
    const { status = 400, headers = {}, body } = make(presented(request));
    return {
      status,
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    };
  };
}

/**
 * Possible responses of a server to any request: those of real servers, and those of one that tries to get secrets into
 * a log.
 */
export const hostileResponses: Readonly<Record<string, Fault>> = {
  'a bare 400': fault.status(400),
  'a bare 401': fault.status(401),
  'a bare 403': fault.status(403),
  'a 500': fault.status(500),
  'a 503 with Retry-After': fault.status(503, { retryAfter: 2 }),
  'a 429 with Retry-After': fault.status(429, { retryAfter: 3600 }),
  'the refusal of the grant': fault.error('invalid_grant'),
  'the refusal of the client': fault.error('invalid_client', { status: 401 }),
  'the refusal of the scope': fault.error('invalid_scope'),
  'the wish that the user act': fault.userAction(),
  'nothing, and no processing': fault.dropped(),
  'nothing, after processing': fault.lostAnswer(),
  'half of the true answer': fault.halfAnswer(),
  'a page of a gateway': fault.html(502),
  'a page with the status 200': fault.html(200),
  'a page with the status 400': fault.html(400),
  'the true answer as a page': fault.contentType('text/html'),
  garbage: fault.garbage({ bytes: 5000 }),
  'garbage with the status 400': fault.garbage({ bytes: 5000, status: 400 }),
  'more garbage than anybody reads': fault.garbage({ bytes: 2 ** 21 }),

  'a refusal that repeats the secrets': fault.echo(),
  'a refusal of the client that repeats the secrets': fault.echo({ error: 'invalid_client', status: 401 }),
  'a failure that repeats the secrets': fault.echo({ error: 'server_error', status: 500 }),
  'an unknown word that repeats the secrets': fault.echo({ error: 'no_such_word', status: 418 }),
  'a refusal that repeats the whole request': answer((secrets) => ({
    body: { error: 'invalid_grant', error_description: secrets },
  })),
  'a refusal that repeats it percent-encoded': answer((secrets) => ({
    body: { error: 'invalid_grant', error_description: encodeURIComponent(secrets) },
  })),
  'a refusal that is cut in the middle of a secret': answer((secrets) => ({
    body: { error: 'invalid_grant', error_description: 'x'.repeat(170) + secrets },
  })),
  'a word that is the secrets': answer((secrets) => ({ body: { error: secrets } })),
  'a word that is the secrets and then is cut': answer((secrets) => ({ body: { error: 'x'.repeat(70) + secrets } })),
  'a support id that is the secrets': answer((secrets) => ({
    headers: { 'x-debug-id': secrets },
    body: { error: 'invalid_grant' },
  })),
  'a time to wait that is the secrets': answer((secrets) => ({
    status: 503,
    headers: { 'retry-after': secrets },
    body: { error: 'temporarily_unavailable' },
  })),
  'a redirect to an address of the secrets': answer((secrets) => ({
    status: 302,
    headers: { location: `https://elsewhere.example/?${new URLSearchParams({ secrets })}` },
    body: '',
  })),
  'a page of the secrets': answer((secrets) => ({ headers: { 'content-type': 'text/html' }, body: `<p>${secrets}` })),
  'JSON that is broken by the secrets': answer((secrets) => ({ status: 200, body: `{"access_token": ${secrets}}` })),
  'JSON that is the secrets': answer((secrets) => ({ status: 200, body: JSON.stringify(secrets) })),
  'the wish that the user act at an address of the secrets': answer((secrets) => ({
    body: { error: 'ride_AdobeID_acct_actreq', jump: `https://accounts.example/?${new URLSearchParams({ secrets })}` },
  })),
  'the wish that the user act at a path of the secrets': answer((secrets) => ({
    body: { error: 'ride_AdobeID_acct_actreq', jump: `https://accounts.example/${secrets.replaceAll(' ', '/')}` },
  })),
  'the wish that the user act as one who is named by the secrets': answer((secrets) => ({
    body: { error: 'ride_AdobeID_acct_actreq', jump: `https://${encodeURIComponent(secrets)}@accounts.example/` },
  })),
  'a wish that is the secrets': answer((secrets) => ({
    body: { error: `ride_${secrets}`, error_description: secrets },
  })),
};

/** The same, and possible flaws of the tokens in a response. */
export const hostileTokenResponses: Readonly<Record<string, Fault>> = {
  ...hostileResponses,
  'each member twice': fault.duplicateKeys(),
  'an access token with a line break': fault.altered({ access_token: 'access-token.fictional\r\nx-injected: yes' }),
  'an access token that is none': fault.altered({ access_token: 42 }),
  'no access token': fault.altered({ access_token: undefined }),
  'a refresh token that is none': fault.altered({ refresh_token: { value: 'refresh-token.fictional.in-an-object' } }),
  'a token of another type': fault.altered({ token_type: 'mac' }),
  'an id token that is none': fault.altered({ id_token: ['id-token.fictional.in-an-array'] }),
  'a lifetime in words': fault.altered({ expires_in: 'soon' }),
  'no new refresh token': fault.keptRefreshToken(),
};
