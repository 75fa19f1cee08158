import type { CodeEntry } from './error-codes.js';

/** The codes that these packages define, by section of the error page. */
export const OWN_CODES = {
  'Options and calls': {
    auth_closed: {
      meaning: 'The auth object was used after its `close()`.',
      remedy: 'Close it only when the program ends, or create a new one.',
    },
    client_secret_missing: {
      meaning: 'This flow, or this server without PKCE, needs a client secret, and none was passed.',
      remedy: 'Pass `clientSecret`, or use a flow for clients without one (`SPAAuth`, `NativeAppAuth`).',
    },
    client_secret_unexpected: {
      meaning: 'A client secret was passed, but the server profile says that its clients have none.',
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
      meaning: '`importTokens()` was called on a `StaticTokenAuth`, whose token cannot change.',
      remedy: 'Create a new `StaticTokenAuth`, or import the tokens into one of the other classes.',
    },
    inspector_not_listening: {
      meaning: 'The inspector cannot listen on its port: another program uses it, or this process may not use it.',
      remedy: 'Choose another `port`, or leave it out for a free one.',
    },
    inspector_posts: {
      meaning: 'This inspector posts its messages to the viewer of another instance, so it has no link of its own.',
      remedy: 'Call `url()` of the inspector that serves the viewer.',
    },
    invalid_import: {
      meaning: 'The tokens that were passed to `importTokens()` do not have the format of `exportTokens()`.',
      remedy: 'The message names the member. Import what was exported, unchanged, with times in seconds.',
    },
    invalid_option: {
      meaning: 'An option or an argument is invalid. Nothing was sent and nothing was written.',
      remedy: 'The message names the option and the values that it accepts.',
    },
    invalid_proxy: {
      meaning: '`HTTPS_PROXY` or `HTTP_PROXY` is not the address of a proxy.',
      remedy: 'Set it to an address such as `http://proxy.example.com:3128`, or unset it.',
    },
    invalid_token: {
      meaning:
        'From a server: it does not accept the token. From an HTTP client here: the token, or a header that goes with it, ' +
        'contains characters that a header cannot contain.',
      remedy: 'Sign in again; if the token was imported, import it again without line breaks.',
    },
    invalid_transport: {
      meaning: 'The `transport` did not return a `Response`.',
      remedy: 'Use `fetchTransport()` or `undiciTransport()`, or test your own with `transportContract()`.',
    },
    invalid_url: {
      meaning: 'The address of a request with a token is not absolute.',
      remedy: 'Pass the whole address, such as `https://api.frame.io/v4/me`.',
    },
    origin_not_allowed: {
      meaning: 'A request with a token was not sent, because its origin is not one that may see the token.',
      remedy: "Add the origin to `allowedOrigins` if it may, or set `otherOrigins: 'pass'` to send without the token.",
    },
    redirect_uri_shared: {
      meaning: 'Two servers redirect users to the same redirect URI, and neither names itself in the callback.',
      remedy: 'Register a redirect URI with its own path for each server (RFC 9700 §4.4.2).',
    },
    session_closed: {
      meaning: 'The session was used after it or its auth object was closed.',
      remedy: 'Get a new one with `session(key)`, or close it later.',
    },
    sign_in_too_large: {
      meaning: 'The sign-in was not started, because its record would be longer than the limit.',
      remedy: 'Use a shorter session key, or fewer scopes.',
    },
    state_in_use: {
      meaning: 'The sign-in was not started, because its `state` belongs to another one.',
      remedy: 'Leave `state` out, or pass a new one for each sign-in.',
    },
    unexpected_error: {
      meaning: 'A request failed for a reason that is not safe to show. Tokens are kept.',
      remedy: 'Check `transport`, `entropy` and `server` if they are your own; otherwise report a bug.',
    },
    unsupported_platform: {
      meaning: 'The platform lacks something that sessions need, or the page is not in a secure context.',
      remedy: 'The message names what is missing. Serve pages over https, and update the browser or Node.',
    },
    unsupported_node: {
      meaning: '`@frameio-auth/transport-undici` needs a newer Node.',
      remedy: 'Update Node, or use `@frameio-auth/transport-fetch`.',
    },
    unsupported_undici: {
      meaning: 'A dispatcher or a handler is from another version of undici. Nothing was sent.',
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
      meaning: 'The user was not signed out, because the request did not come from a page of this application.',
      remedy: 'Send the request from a page of the origin of `redirectUri`.',
    },
    invalid_callback: {
      meaning: 'The argument of `handleCallback()` is not a callback, or it contradicts itself.',
      remedy: 'Pass the whole URL with its query. If it is complete, start the sign-in again.',
    },
    issuer_mismatch: {
      meaning: 'The callback is from another server than the one of this client (RFC 9207).',
      remedy: "Pass each server's callbacks to its own client, and check `server.issuer`.",
    },
    issuer_missing: {
      meaning: 'The callback does not name its server, but the profile says that this server always does.',
      remedy: 'Start the sign-in again. If that does not help, check `callbackCarriesIssuer` in the profile.',
    },
    nonce_mismatch: {
      meaning: 'The ID token belongs to another sign-in, so the tokens were rejected.',
      remedy: 'Start the sign-in again. If it happens often, look for injected codes.',
    },
    nonce_missing: {
      meaning: 'The ID token does not repeat the `nonce` that was sent, so the tokens were rejected.',
      remedy:
        "If this server never repeats it, set `missingNonce: 'accepted'` in the profile; otherwise sign in again.",
    },
    key_in_cookie: {
      meaning:
        '`users.identify()` returned a session key that the browser sent unchanged in a cookie, so a browser could choose it.',
      remedy: 'Give the browser a random cookie at each sign-in, map it to the key on the server, and return the key.',
    },
    not_logged_in: {
      meaning: 'No user is logged in to the application, so there is no session for this request.',
      remedy: 'Log in to the application first; check `users.identify()`.',
    },
    redirect_uri_mismatch: {
      meaning: "The callback arrived at another path than the sign-in's `redirectUri`, so the code was not used.",
      remedy: 'Pass each callback to its own client. If a proxy changes paths, pass the original path and query.',
    },
    state_mismatch: {
      meaning: 'The callback belongs to a sign-in of another session or browser, so it was not used.',
      remedy: 'Start the sign-in again, in the same browser.',
    },
    state_missing: {
      meaning: 'The callback has no `state`, so it may be forged.',
      remedy: 'Start with `getAuthorizationUrl()` and pass the whole callback. Check client ID and redirect URI.',
    },
    state_unknown: {
      meaning: 'No sign-in with this `state` is pending: it is older than ten minutes, or the process restarted.',
      remedy: 'Start the sign-in again. Give several instances, or one that restarts, a shared `storage`.',
    },
    state_used: {
      meaning: 'This callback was used before: a reload, a double click, or a prefetch.',
      remedy: 'If the user is signed in, ignore the error or set `allowRepeat`. Otherwise start the sign-in again.',
    },
  },

  'Sessions that have no token': {
    access_token_expired: {
      meaning: 'The access token expired, and there is no refresh token.',
      remedy: 'Sign in again, and request the scope that includes a refresh token (Adobe: `offline_access`).',
    },
    access_token_rejected: {
      meaning: 'The API rejected the access token, and there is no way to refresh it.',
      remedy: 'Sign in again, or create a new `StaticTokenAuth`.',
    },
    no_refresh_token: {
      meaning: 'A refresh was requested, but the session has no refresh token.',
      remedy: 'Sign in again, and request the scope that includes one.',
    },
    not_authenticated: {
      meaning: 'No user is signed in to this session.',
      remedy:
        'Sign in with `getAuthorizationUrl()` and `handleCallback()`. Check that the session key is the right one.',
    },
    refresh_interrupted: {
      meaning:
        'The server rejected the refresh token, because the response to an earlier refresh was lost with the new tokens.',
      remedy: 'Sign in again. If it happens often, check time-outs, and processes that are killed while they refresh.',
    },
    refresh_token_rejected: {
      meaning: 'The server rejected the refresh token: it expired, was revoked, or was used elsewhere.',
      remedy:
        'Sign in again. If many users are affected, look for stolen tokens, or for processes that do not share the storage.',
    },
    token_revoked: {
      meaning: 'The session was signed out with `revoke()`, here or on another instance.',
      remedy: 'Sign in again.',
    },
    user_action_required: {
      meaning: 'The server requires an action of the user first, such as accepting its terms.',
      remedy: 'Send the user to `actionUrl`, then sign in again.',
    },
  },

  'Requests without a usable answer': {
    body_incomplete: {
      meaning: 'The response was cut off. The server may have carried out the request.',
      remedy: 'Call again later; tokens are kept. If it keeps happening, check the proxies in between.',
    },
    body_too_large: {
      meaning: 'The response is longer than `maxBodySize`.',
      remedy: 'Check the address of the endpoint. If it is right, raise `maxBodySize`.',
    },
    invalid_response: {
      meaning: 'The server reported success, but its response cannot be used.',
      remedy: "Check the address of the endpoint. If it is right, contact the server's support with `debugId`.",
    },
    invalid_status: {
      meaning: 'The response has a status that HTTP does not define.',
      remedy: 'Check the address of the endpoint, and the proxies in front of it.',
    },
    no_answer: {
      meaning: 'The request got no complete response, and the transport did not say why.',
      remedy: 'Call again later. Use `fetchTransport()` in place of a bare `fetch` to learn the reason.',
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
      meaning: 'The request got no response, and the platform gave no code that is safe to show.',
      remedy: 'Call again later; check the network, the proxy and the address.',
    },
    timeout: {
      meaning: 'No complete response came in time. `delivery` says whether the server may have received the request.',
      remedy: 'Call again later; tokens are kept. If the server always takes that long, raise `timeout`.',
    },
    transport_closed: {
      meaning: 'The transport was closed before the request was sent.',
      remedy: 'Close it after the last session.',
    },
    revocation_unsupported: {
      meaning:
        'The server has no revocation endpoint. The tokens are deleted here, and stay valid there until they expire.',
      remedy: 'Nothing is needed here. If the pages of the server allow it, end the access there.',
    },
  },

  Storage: {
    connection_closed: {
      meaning: 'The Redis client was closed, or gave up reconnecting.',
      remedy: 'Close it after the storage; let its `retryStrategy` never give up. Restart the process.',
    },
    encryption_key_invalid: {
      meaning: 'A function in `keys` returned something that is not a key.',
      remedy: 'Make it return 32 bytes.',
    },
    encryption_key_missing: {
      meaning: 'The record was encrypted with a key that is not in `keys`.',
      remedy: 'Put the key back. If it is lost, sign in again, which replaces the record.',
    },
    encryption_key_unavailable: {
      meaning: 'A function in `keys` failed. It is called again when the key is needed next.',
      remedy: 'Check the key service that the function calls.',
    },
    encryption_key_wrong: {
      meaning: 'The record was encrypted with another key of the same name.',
      remedy: 'Put the other key back. If it is lost, sign in again, which replaces the record.',
    },
    foreign_owner: {
      meaning: 'Files of `fileStorage()` belong to another user of this machine, so they are not used.',
      remedy: 'Run the process as that user, or give it a `directory` of its own.',
    },
    invalid_argument: {
      meaning: 'A storage was called with an invalid argument. Nothing was written.',
      remedy: 'Correct the caller. If it is a session of these packages, report a bug.',
    },
    invalid_reply: {
      meaning: 'A storage returned an invalid reply, which was not used.',
      remedy: 'Test the storage with `storageContract()`.',
    },
    no_default_directory: {
      meaning: '`fileStorage()` got no `directory`, and the environment has no default place for one.',
      remedy: 'Pass `directory`, or set `HOME` or `XDG_DATA_HOME` to an absolute path.',
    },
    not_written: {
      meaning: 'The new tokens are not in the storage yet. They are served from memory, and the write is retried.',
      remedy: 'Repair the storage, and do not stop the process before it works again.',
    },
    parent_too_open: {
      meaning: 'Other users of this machine could replace the directory of `fileStorage()`, so it is not used.',
      remedy: 'Change the mode that the message names, or choose another `directory`.',
    },
    permissions_too_open: {
      meaning: 'Other users of this machine can read the files of `fileStorage()`, so they are not used.',
      remedy: 'Run the `chmod` from the message. If others may have read the files, revoke the tokens.',
    },
    record_from_newer_version: {
      meaning: 'The session was written by a newer version of these packages. It was not changed.',
      remedy: 'Update this application.',
    },
    record_moved: {
      meaning: 'The encrypted record was written for another session, so it was not used.',
      remedy: 'Find out what else can write to the storage. A new sign-in replaces the record.',
    },
    record_not_encrypted: {
      meaning: 'The record is not encrypted, so it was not used.',
      remedy: 'If it is older than the encryption, set `acceptPlaintext: true` until all sessions were refreshed once.',
    },
    record_tampered: {
      meaning: 'The encrypted record was changed or damaged, so it was not used.',
      remedy: 'Find out what else can write to the storage. A new sign-in replaces the record.',
    },
    record_too_new: {
      meaning: 'A file was written by another version of `@frameio-auth/storage-file`. It was not changed.',
      remedy: 'Update all processes that share the directory to the same version.',
    },
    record_unreadable: {
      meaning:
        'The record of a session or a sign-in is damaged, or its key contains something else. It was not changed.',
      remedy: 'Restore it from a backup, or sign in again, which replaces it.',
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
