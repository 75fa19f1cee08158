import type { CodeEntry } from './error-codes.js';

/** The codes that these packages define, by section of the error page. */
export const OWN_CODES = {
  'Options and calls': {
    auth_closed: {
      meaning: 'The auth object was used after its `close()`.',
      remedy: 'Close it when the program ends, or make a new one.',
    },
    client_secret_missing: {
      meaning: 'This flow, or this server without PKCE, needs a client secret, and none was given.',
      remedy: 'Give `clientSecret`, or use a flow for clients without one (`SPAAuth`, `NativeAppAuth`).',
    },
    client_secret_unexpected: {
      meaning: 'A client secret was given, and the server profile says that its clients have none.',
      remedy: 'Leave `clientSecret` out, or set `clientAuthentication` in the profile.',
    },
    grant_unsupported: {
      meaning: 'The server has no client credentials grant, so only users can sign in there.',
      remedy: 'Use `WebAppAuth`, `SPAAuth` or `NativeAppAuth`.',
    },
    authorization_endpoint_missing: {
      meaning: 'The server profile has no `authorizationEndpoint`, so no user can sign in.',
      remedy: "Add it to the server's profile.",
    },
    import_unsupported: {
      meaning: '`importTokens()` was called on a `StaticTokenAuth`, which keeps the token that it was made with.',
      remedy: 'Make a new `StaticTokenAuth`, or import into one of the other classes.',
    },
    inspector_not_listening: {
      meaning: 'The inspector cannot listen on its port: another program has it, or it may not be used.',
      remedy: 'Choose another `port`, or leave it out for a free one.',
    },
    inspector_posts: {
      meaning: 'This inspector sends what it sees to the viewer of another instance, so it has no link of its own.',
      remedy: 'Ask the inspector that has the viewer.',
    },
    invalid_import: {
      meaning: 'The tokens that were handed to `importTokens()` are not what `exportTokens()` gives.',
      remedy: 'Read the message: it names the member. Import what was exported, unchanged, with times in seconds.',
    },
    invalid_option: {
      meaning: 'An option or an argument cannot work. Nothing was sent and nothing was written.',
      remedy: 'Read the message: it names the option and what it takes.',
    },
    invalid_proxy: {
      meaning: '`HTTPS_PROXY` or `HTTP_PROXY` holds no address of a proxy.',
      remedy: 'Set it to an address such as `http://proxy.example.com:3128`, or unset it.',
    },
    invalid_token: {
      meaning:
        'From a server: it does not know the token. From an HTTP client here: the token, or a header that goes with it, ' +
        'holds characters that a header cannot carry.',
      remedy: 'Sign in again; if the token was imported, import it again without line breaks.',
    },
    invalid_transport: {
      meaning: 'The `transport` did not answer with a `Response`.',
      remedy: 'Use `fetchTransport()` or `undiciTransport()`, or prove your own with `transportContract()`.',
    },
    invalid_url: {
      meaning: 'A request with a token was given an address that is not absolute.',
      remedy: 'Give the whole address, such as `https://api.frame.io/v4/me`.',
    },
    origin_not_allowed: {
      meaning: 'A request with a token was for an origin that may not see the token. It was not sent.',
      remedy: "Add the origin to `allowedOrigins` if it may, or set `otherOrigins: 'pass'` to send without the token.",
    },
    redirect_uri_shared: {
      meaning: 'Two servers send users back to one redirect URI, and neither says in the callback which one it is.',
      remedy: 'Register a redirect URI with a path of its own for each server (RFC 9700 §4.4.2).',
    },
    session_closed: {
      meaning: 'The session was used after its `close()`, or after that of its auth object.',
      remedy: 'Get a new one with `session(key)`, or close it later.',
    },
    sign_in_too_large: {
      meaning: 'The sign-in needs a longer record than is kept, so it was not begun.',
      remedy: 'Use a shorter session key, or fewer scopes.',
    },
    state_in_use: {
      meaning: 'The `state` that was given belongs to another sign-in, so this one was not begun.',
      remedy: 'Leave `state` out, or make a new one for each sign-in.',
    },
    unexpected_error: {
      meaning: 'A request could not be made, for a reason that is not safe to show. Tokens are kept.',
      remedy: 'Check `transport`, `entropy` and `server`, if they are your own; else report it.',
    },
    unsupported_platform: {
      meaning: 'The platform lacks something that sessions need, or the page is not in a secure context.',
      remedy: 'Read the message: it names what is missing. Serve pages over https; update the browser or Node.',
    },
    unsupported_node: {
      meaning: '`@frameio-auth/transport-undici` needs a newer Node.',
      remedy: 'Update Node, or use `@frameio-auth/transport-fetch`.',
    },
    unsupported_undici: {
      meaning: 'A dispatcher or a handler comes from another version of undici. Nothing was sent.',
      remedy: 'Take both from undici 8.11 or newer; in Bun, use `@frameio-auth/transport-fetch`.',
    },
  },

  'Signing in and callbacks': {
    confirmation_required: {
      meaning:
        'The user is known already, and another site sent the request to sign in, so no sign-in was started. ' +
        'Otherwise that site could connect the user to the account of someone else.',
      remedy:
        'Ask the user to confirm: show a link to `signIn` of the response on a page of the origin of `redirectUri`.',
    },
    foreign_origin: {
      meaning: 'The request to sign out did not come from a page of this application, so it was refused.',
      remedy: 'Send it from a page of the origin that `redirectUri` has.',
    },
    invalid_callback: {
      meaning: 'What was handed to `handleCallback()` is no callback, or contradicts itself.',
      remedy: 'Pass the whole URL, with its query. If it is whole, start the sign-in again.',
    },
    issuer_mismatch: {
      meaning: 'The callback names another server than this client signs in at (RFC 9207).',
      remedy: "Hand each server's callback to its own client; check `server.issuer`.",
    },
    issuer_missing: {
      meaning: 'The callback does not name its server, and the profile says that this server always does.',
      remedy: 'Start the sign-in again; if it lasts, check `callbackCarriesIssuer` in the profile.',
    },
    nonce_mismatch: {
      meaning: 'The id token belongs to another sign-in, so the tokens were not taken.',
      remedy: 'Start the sign-in again. If it happens often, look for injected codes.',
    },
    nonce_missing: {
      meaning: 'The id token does not repeat the `nonce` that was sent, so the tokens were not taken.',
      remedy: "If this server never repeats it, set `missingNonce: 'accepted'` in the profile; else sign in again.",
    },
    key_in_cookie: {
      meaning: '`users.identify()` returned what a cookie holds as it is: a key that a browser can choose.',
      remedy: 'Give the browser a random value at each sign-in, keep which key it stands for, and return that key.',
    },
    not_logged_in: {
      meaning: 'The request is from no user whom the application knows, so there is no session to use.',
      remedy: 'Log in to the application first; check `users.identify()`.',
    },
    redirect_uri_mismatch: {
      meaning: "The browser came back to another path than the sign-in's `redirectUri`, so the code was not used.",
      remedy: 'Hand each callback to its own client. If a proxy changes paths, hand over the original path and query.',
    },
    state_mismatch: {
      meaning: 'The callback belongs to a sign-in of another session or browser, so it was not used.',
      remedy: 'Start the sign-in again, in the same browser.',
    },
    state_missing: {
      meaning: 'The callback has no `state`, so it may be forged.',
      remedy: 'Start with `getAuthorizationUrl()` and pass its callback on whole. Check client ID and redirect URI.',
    },
    state_unknown: {
      meaning: 'No sign-in with this `state` is pending: it is older than ten minutes, or the process restarted.',
      remedy: 'Start the sign-in again. Give several instances, or one that restarts, a shared `storage`.',
    },
    state_used: {
      meaning: 'This callback was used before: a reload, a double click, or a prefetch.',
      remedy: 'If the user is signed in, ignore it, or set `allowRepeat`; else start the sign-in again.',
    },
  },

  'Sessions that have no token': {
    access_token_expired: {
      meaning: 'The access token expired, and there is no refresh token.',
      remedy: 'Sign in again; ask for the scope that brings a refresh token (Adobe: `offline_access`).',
    },
    access_token_rejected: {
      meaning: 'The API refused the access token, and there is nothing to renew it with.',
      remedy: 'Sign in again, or make a new `StaticTokenAuth`.',
    },
    no_refresh_token: {
      meaning: 'A refresh was asked for, and the session has no refresh token.',
      remedy: 'Sign in again, and ask for the scope that brings one.',
    },
    not_authenticated: {
      meaning: 'No user is signed in to this session.',
      remedy:
        'Sign in with `getAuthorizationUrl()` and `handleCallback()`. Check that the session key is the right one.',
    },
    refresh_interrupted: {
      meaning:
        'The server refused the refresh token after a refresh with a lost response: the new tokens were in that answer.',
      remedy:
        'Sign in again. If it happens often, look at time-outs, and at processes that are killed while they refresh.',
    },
    refresh_token_rejected: {
      meaning: 'The server refused the refresh token: it expired, was revoked, or was used elsewhere.',
      remedy: 'Sign in again. If many users are concerned, look for stolen tokens or a second, unshared storage.',
    },
    token_revoked: {
      meaning: 'The session was signed out with `revoke()`, here or on another instance.',
      remedy: 'Sign in again.',
    },
    user_action_required: {
      meaning: 'The server wants the user to act first, for example to accept terms.',
      remedy: 'Send the user to `actionUrl`, then sign in again.',
    },
  },

  'Requests without a usable answer': {
    body_incomplete: {
      meaning: 'The answer broke off in the middle. The server may have carried the request out.',
      remedy: 'Call again later; tokens are kept. If it lasts, look at proxies on the way.',
    },
    body_too_large: {
      meaning: 'The answer is longer than `maxBodySize`.',
      remedy: 'Check the address of the endpoint. If it is right, raise `maxBodySize`.',
    },
    invalid_response: {
      meaning: 'The server reported success, and the answer has nothing that can be used.',
      remedy: 'Check the address of the endpoint; if it is right, report it to the server with `debugId`.',
    },
    invalid_status: {
      meaning: 'The answer has a status that HTTP does not have.',
      remedy: 'Check the address of the endpoint and what stands in front of it.',
    },
    no_answer: {
      meaning: 'The request got no whole answer, and the transport did not say why.',
      remedy: 'Call again later. Use `fetchTransport()` in place of a bare `fetch`: it tells the reason.',
    },
    rate_limited: {
      meaning: 'The server asks for a pause, or `rateLimitInterceptor()` would have to wait longer than `maxWait`.',
      remedy: 'Call again after `retryAfter` seconds, and send fewer requests at once.',
    },
    redirect_refused: {
      meaning:
        'The server answered with a redirect, which is never followed, because it would carry credentials elsewhere.',
      remedy: 'Check the address of the endpoint. On a guest network, sign in to the network first.',
    },
    request_failed: {
      meaning: 'The request got no answer, and the platform gave no code that is safe to repeat.',
      remedy: 'Call again later; check the network, the proxy and the address.',
    },
    timeout: {
      meaning: 'No complete answer came in time. `delivery` says whether the server may have seen the request.',
      remedy: 'Call again later; tokens are kept. If the server always takes that long, raise `timeout`.',
    },
    transport_closed: {
      meaning: 'The transport was closed before the request was sent.',
      remedy: 'Close it after the last session.',
    },
    revocation_unsupported: {
      meaning:
        'The server has no revocation endpoint. The tokens are forgotten here and live on there until they expire.',
      remedy: 'None is needed here. End the sign-in at the server if its pages allow that.',
    },
  },

  Storage: {
    connection_closed: {
      meaning: 'The Redis client was closed, or gave up reconnecting.',
      remedy: 'Close it after the storage; let its `retryStrategy` never give up. Restart the process.',
    },
    encryption_key_invalid: {
      meaning: 'A function among `keys` gave something that is no key.',
      remedy: 'Have it give 32 bytes.',
    },
    encryption_key_missing: {
      meaning: 'The record was encrypted with a key that is not among `keys`.',
      remedy: 'Put the key back. If it is lost, sign in again, which replaces the record.',
    },
    encryption_key_unavailable: {
      meaning: 'A function among `keys` failed. It is called again when the key is next needed.',
      remedy: 'Look at the key service that the function asks.',
    },
    encryption_key_wrong: {
      meaning: 'The key is not the one that the record was encrypted with: two keys have had one name.',
      remedy: 'Put the other one back. If it is lost, sign in again, which replaces the record.',
    },
    foreign_owner: {
      meaning: 'Files of `fileStorage()` belong to another user of this machine, so they are not used.',
      remedy: 'Run the process as that user, or give it a `directory` of its own.',
    },
    invalid_argument: {
      meaning: 'A storage was called with something that its port does not allow. Nothing was written.',
      remedy: 'Correct the caller; if it is a session of these packages, report it.',
    },
    invalid_reply: {
      meaning: 'A storage answered with something that its port does not allow, so the answer was not used.',
      remedy: 'Prove the storage with `storageContract()`.',
    },
    no_default_directory: {
      meaning: '`fileStorage()` was given no `directory`, and the environment names no place for one.',
      remedy: 'Give `directory`, or set `HOME` or `XDG_DATA_HOME` to an absolute path.',
    },
    not_written: {
      meaning: 'The storage has not taken the new tokens yet. They are served from memory, and the write is repeated.',
      remedy: 'Look after the storage, and do not stop the process before it works again.',
    },
    parent_too_open: {
      meaning: 'Other users of this machine could replace the directory of `fileStorage()`, so it is not used.',
      remedy: 'Change the mode that the message names, or choose another `directory`.',
    },
    permissions_too_open: {
      meaning: 'Other users of this machine can read the files of `fileStorage()`, so they are not used.',
      remedy: 'Close them with the `chmod` of the message; if others may have read them, revoke the tokens.',
    },
    record_from_newer_version: {
      meaning: 'The session was written by a newer version of these packages. It was left as it is.',
      remedy: 'Update this application.',
    },
    record_moved: {
      meaning: 'The encrypted record was written for another session, so it was not used.',
      remedy: 'Find out who can write to the storage. A new sign-in replaces the record.',
    },
    record_not_encrypted: {
      meaning: 'The record is not encrypted, so it was not used.',
      remedy: 'If it is from before you encrypted, set `acceptPlaintext: true` until all sessions were renewed once.',
    },
    record_tampered: {
      meaning: 'The encrypted record was changed or damaged, so it was not used.',
      remedy: 'Find out who can write to the storage. A new sign-in replaces the record.',
    },
    record_too_new: {
      meaning: 'A file was written by another version of `@frameio-auth/storage-file`. It was left as it is.',
      remedy: 'Bring all processes that share the directory to the same version.',
    },
    record_unreadable: {
      meaning:
        'The record of a session or a sign-in is damaged, or something else is under its key. It was left as it is.',
      remedy: 'Put it back from a copy, or sign in again, which replaces it.',
    },
    redis_too_old: {
      meaning: 'The server cannot run the scripts of `redisStorage()`.',
      remedy: 'Use Redis 7 or newer, or Valkey.',
    },
    storage_closed: {
      meaning: 'The storage was used after its `close()`.',
      remedy: 'Close it after the last session.',
    },
    storage_failed: {
      meaning: 'The storage failed, and the reason is not safe to show.',
      remedy: "Look at the storage's own log. Your own storage tells more by throwing a `StorageError`.",
    },
    storage_timeout: {
      meaning: 'Redis did not answer in time. What was asked may have been done all the same.',
      remedy: 'Check that Redis is up, reachable and not busy with slow commands.',
    },
  },
} satisfies Readonly<Record<string, Readonly<Record<string, CodeEntry>>>>;
