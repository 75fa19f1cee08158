import type { CodeEntry } from './error-codes.js';

/** The known codes of servers, platforms and storages, by section of the error page. */
export const FOREIGN_CODES = {
  'Answers of the authorization server': {
    access_denied: {
      meaning: 'The user or the server declined the sign-in (RFC 6749 §4.1.2.1).',
      remedy: 'Offer to sign in again. If the user did not decline, check that the account has access to the product.',
    },
    account_selection_required: {
      meaning: "The user must choose an account at the server, but the sign-in allowed no page (`prompt: 'none'`).",
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    consent_required: {
      meaning: "The user must give consent at the server, but the sign-in allowed no page (`prompt: 'none'`).",
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    interaction_required: {
      meaning: "The server must show the user a page, but the sign-in allowed none (`prompt: 'none'`).",
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    login_required: {
      meaning: "The user is not signed in at the server, and the sign-in allowed no page (`prompt: 'none'`).",
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    expired_token: {
      meaning: 'The server says that the token or the code has expired.',
      remedy: 'Sign in again.',
    },
    insufficient_scope: {
      meaning: 'The token lacks a scope that the request needs (RFC 6750 §3.1).',
      remedy: 'Request the scope; users must sign in again to grant it.',
    },
    invalid_client: {
      meaning: 'The server does not accept the client ID or the client secret. Tokens are kept.',
      remedy:
        'Check `clientId` and `clientSecret`, and whether the secret is still valid. Add a new secret beside the old.',
    },
    invalid_dpop_proof: {
      meaning: 'The server requires sender-constrained tokens (RFC 9449), which these packages do not support.',
      remedy: 'Register the client for bearer tokens.',
    },
    use_dpop_nonce: {
      meaning: 'The server requires sender-constrained tokens (RFC 9449), which these packages do not support.',
      remedy: 'Register the client for bearer tokens.',
    },
    invalid_grant: {
      meaning: 'The server rejected the code or the refresh token: it expired, was used before, or was revoked.',
      remedy: 'Sign in again. With a new code: check that `redirectUri` is the registered one and the clock is right.',
    },
    invalid_request: {
      meaning: 'The server considers the request malformed. Some servers also say so about a dead refresh token.',
      remedy:
        'Start the sign-in again. If that does not help, compare `redirectUri`, `scopes` and parameters with the registration.',
    },
    invalid_scope: {
      meaning: 'The server does not grant a requested scope.',
      remedy: 'Compare `scopes` with those of the credential: this flow must be allowed to request each of them.',
    },
    unauthorized_scope: {
      meaning: 'The server does not allow this client to request a scope.',
      remedy: 'Compare `scopes` with those of the credential.',
    },
    invalid_target: {
      meaning: 'The server does not know the `resource` or the `audience` (RFC 8707).',
      remedy: 'Check these parameters in `server.tokenParameters`.',
    },
    ride_AdobeID_acct_actreq: {
      meaning: 'Adobe needs something from the user first, such as accepting its terms.',
      remedy: 'Send the user to `actionUrl`, then start the sign-in again.',
    },
    server_error: {
      meaning: 'The server says that it failed. Tokens are kept.',
      remedy: 'Call again later. If a user was signing in, start the sign-in again.',
    },
    temporarily_unavailable: {
      meaning: 'The server says that it is overloaded or under maintenance. Tokens are kept.',
      remedy: 'Call again later. If a user was signing in, start the sign-in again.',
    },
    unauthorized_client: {
      meaning: 'This client may not use this flow.',
      remedy: 'Check that the kind of the credential matches the flow.',
    },
    unsupported_grant_type: {
      meaning: 'The server does not offer this flow at its token endpoint.',
      remedy: 'Check `server`, and whether the server offers the flow.',
    },
    unsupported_response_type: {
      meaning: 'The server does not offer the code flow to this client.',
      remedy: 'Check `server` and the kind of the credential.',
    },
    unsupported_token_type: {
      meaning: 'The server does not revoke tokens of this kind (RFC 7009 §2.2.1).',
      remedy: 'Nothing is needed here. The tokens are deleted here, and stay valid at the server until they expire.',
    },
    unnamed_error: {
      meaning: 'The server sent an error without a printable name.',
      remedy: 'Check the address of the endpoint, and the proxies in front of it.',
    },
  },

  'HTTP statuses without an OAuth error': {
    http_400: {
      meaning: 'The server rejected the request without an OAuth error. Tokens are kept.',
      remedy: 'Check the address of the endpoint and the proxies in front of it, then the registration of the client.',
    },
    http_401: {
      meaning: 'The server rejected the client without an OAuth error. Tokens are kept.',
      remedy: 'Check `clientId` and `clientSecret`, and whether the secret is still valid.',
    },
    http_403: {
      meaning: 'The server, or a firewall in front of it, rejected the request. Tokens are kept.',
      remedy: 'Check which addresses may call the server, and what the credential may do.',
    },
    http_404: {
      meaning: 'Nothing is at the address of the endpoint. Tokens are kept.',
      remedy: 'Check the addresses in `server`.',
    },
    http_407: {
      meaning: 'A proxy requires credentials. Tokens are kept.',
      remedy: 'Put user name and password into the address of the proxy.',
    },
    http_408: {
      meaning: 'The server waited too long for the request. Tokens are kept.',
      remedy: 'Call again later.',
    },
    http_429: {
      meaning: 'The server asks for a pause. Tokens are kept.',
      remedy: 'Call again after `retryAfter` seconds.',
    },
    http_500: {
      meaning: 'The server failed. Tokens are kept.',
      remedy: 'Call again later. If it keeps failing, contact its support with `debugId`.',
    },
    http_502: {
      meaning: 'A gateway got no response from the server. Tokens are kept.',
      remedy: 'Call again later.',
    },
    http_503: {
      meaning: 'The server is overloaded or under maintenance. Tokens are kept.',
      remedy: 'Call again later.',
    },
    http_504: {
      meaning: 'A gateway waited too long for the server. Tokens are kept.',
      remedy: 'Call again later.',
    },
  },

  'Codes of the network': {
    ECONNREFUSED: {
      meaning: 'Nothing listens at the address, or the client gave up connecting. Nothing was sent.',
      remedy: 'Check that the server is up, and the address and the port.',
    },
    ECONNRESET: {
      meaning: 'The connection was lost. The server may have carried out the request.',
      remedy: 'Call again later. If it keeps happening, check proxies and firewalls in between.',
    },
    EPIPE: {
      meaning: 'The connection was lost while the request was sent.',
      remedy: 'Call again later.',
    },
    ETIMEDOUT: {
      meaning: 'No connection could be opened in time, or an open one stopped responding.',
      remedy: 'Check the network, and firewalls that drop packets.',
    },
    EHOSTUNREACH: {
      meaning: 'The network has no route to the host.',
      remedy: 'Check the network and its routes.',
    },
    ENETUNREACH: {
      meaning: 'The network has no route to the host.',
      remedy: 'Check the network and its routes.',
    },
    ENOTFOUND: {
      meaning: 'The host name does not exist.',
      remedy: 'Check its spelling and the DNS.',
    },
    EAI_AGAIN: {
      meaning: 'The DNS server did not respond. Nothing was sent.',
      remedy: 'Call again later; check the DNS of this machine.',
    },
    CERT_HAS_EXPIRED: {
      meaning: 'The certificate of the server has expired, or the clock of this machine is wrong. Nothing was sent.',
      remedy: "Check the server's certificate and the clock of this machine.",
    },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      meaning: 'The certificate of the server is for another host. Nothing was sent.',
      remedy: 'Check the address, and the proxies in between.',
    },
    DEPTH_ZERO_SELF_SIGNED_CERT: {
      meaning: 'The certificate of the server is self-signed. Nothing was sent.',
      remedy: 'If you trust it, add it to `NODE_EXTRA_CA_CERTS`, or to `ca` of `undiciTransport()`.',
    },
    SELF_SIGNED_CERT_IN_CHAIN: {
      meaning:
        'The certificate is from an authority that this machine does not trust, as behind a company proxy. Nothing was sent.',
      remedy: 'Add the authority to `NODE_EXTRA_CA_CERTS`, or to `ca` of `undiciTransport()`.',
    },
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      meaning: 'The certificate is from an authority that this machine does not know. Nothing was sent.',
      remedy:
        'Add the authority to `NODE_EXTRA_CA_CERTS`, and check that the server sends its intermediate certificates.',
    },
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
      meaning: 'The certificate is from an authority that this machine does not know. Nothing was sent.',
      remedy: 'Add the authority to `NODE_EXTRA_CA_CERTS`, or to `ca` of `undiciTransport()`.',
    },
    UND_ERR_CONNECT_TIMEOUT: {
      meaning: 'undici could not connect in time. Nothing was sent.',
      remedy: 'Check the network, and firewalls that drop packets.',
    },
    UND_ERR_HEADERS_TIMEOUT: {
      meaning: 'The server did not begin to respond in time. It may have carried out the request.',
      remedy: 'Call again later; tokens are kept.',
    },
    UND_ERR_BODY_TIMEOUT: {
      meaning: 'The response stopped in the middle. The server may have carried out the request.',
      remedy: 'Call again later; tokens are kept.',
    },
    UND_ERR_SOCKET: {
      meaning: 'The connection was lost. The server may have carried out the request.',
      remedy: 'Call again later. If it keeps happening, check the proxies in between.',
    },
  },

  'Codes of the file system': {
    EACCES: {
      meaning: 'The process may not use the file or the directory.',
      remedy: 'Change its owner or mode, or choose another `directory`.',
    },
    EPERM: {
      meaning: 'The system does not allow this process to do it.',
      remedy: 'Change the owner or the mode of the file, or the rules of the container.',
    },
    ERR_ACCESS_DENIED: {
      meaning: "Node's permission model denies it.",
      remedy: 'Start Node with `--allow-fs-read` and `--allow-fs-write` for the directory.',
    },
    EDQUOT: {
      meaning: 'The disk quota of the user is used up. What was stored is unchanged.',
      remedy: 'Free some space, or raise the quota.',
    },
    ENOSPC: {
      meaning: 'No space is left on the disk. What was stored is unchanged.',
      remedy: 'Free some space.',
    },
    EFBIG: {
      meaning: 'The file would be larger than the process may write.',
      remedy: 'Raise the limit (`ulimit -f`).',
    },
    EIO: {
      meaning: 'The disk reports an error.',
      remedy: 'Check the system log, and move the directory to a disk that works.',
    },
    ELOOP: {
      meaning: 'The path contains a symbolic link that is not followed, or too many of them.',
      remedy: 'Pass the real path as `directory`.',
    },
    EMFILE: {
      meaning: 'The process has too many files open.',
      remedy: 'Raise the limit (`ulimit -n`), and find the code that does not close its files.',
    },
    ENFILE: {
      meaning: 'The system has too many files open.',
      remedy: 'Raise the limit of the system.',
    },
    ENOENT: {
      meaning: 'The path does not exist and cannot be created.',
      remedy: 'Create the parent directory, or choose another `directory`.',
    },
    ENOTDIR: {
      meaning: 'A part of the path is not a directory.',
      remedy: 'Choose another `directory`.',
    },
    EROFS: {
      meaning: 'The file system is read-only.',
      remedy: 'Pass `fileStorage()` a `directory` on a writable volume.',
    },
    EXDEV: {
      meaning: 'The file cannot be renamed across layers of a container image, or file systems.',
      remedy: 'Pass `fileStorage()` a `directory` on a volume.',
    },
  },

  'Codes of Redis': {
    ASK: {
      meaning: 'The cluster is moving the session, and the client did not follow.',
      remedy: 'Pass `redisStorage()` a `Cluster`.',
    },
    BUSY: {
      meaning: 'Another script has kept Redis busy for seconds.',
      remedy: 'Find the script (`SLOWLOG`), and end it (`SCRIPT KILL`).',
    },
    CLUSTERDOWN: {
      meaning: 'The cluster is not complete, or cannot be reached.',
      remedy: 'Check its nodes (`CLUSTER INFO`).',
    },
    CROSSSLOT: {
      meaning: 'The client is not a `Cluster`, or its `keyPrefix` splits the hash tag.',
      remedy: 'Pass `redisStorage()` a `Cluster`, and leave the key prefix to the storage.',
    },
    ERR: {
      meaning: 'Redis does not know a command that the scripts need. A Sentinel, for example, does not.',
      remedy: 'Connect to Redis itself. For Sentinels, use the option `sentinels` of ioredis.',
    },
    LOADING: {
      meaning: 'Redis is still loading its data.',
      remedy: 'Wait: the request is retried.',
    },
    MASTERDOWN: {
      meaning: 'The replica has lost its master.',
      remedy: 'Check the replication, and connect to the master.',
    },
    MISCONF: {
      meaning: 'Redis cannot write its data to its disk, and accepts no writes until it can.',
      remedy: 'Check the log and the disk of Redis.',
    },
    MOVED: {
      meaning: 'The session is on another node of the cluster, and the client is not a `Cluster`.',
      remedy: 'Pass `redisStorage()` a `Cluster`.',
    },
    NOAUTH: {
      meaning: 'Redis requires a password.',
      remedy: 'Pass the user name and the password to the client.',
    },
    NOPERM: {
      meaning: 'The user of the client lacks permissions that the storage needs.',
      remedy: 'Grant the permissions that the README of `@frameio-auth/storage-redis` lists.',
    },
    NOREPLICAS: {
      meaning: 'Redis accepts no writes, because too few replicas are connected.',
      remedy: 'Check the replicas, or `min-replicas-to-write`.',
    },
    OOM: {
      meaning: 'The memory of Redis is full, so it accepts no new keys.',
      remedy: 'Raise `maxmemory`, or find out what fills it.',
    },
    READONLY: {
      meaning: 'The client is connected to a replica, which accepts no writes.',
      remedy: 'Connect to the master. For Sentinels, use the option `sentinels` of ioredis.',
    },
    TRYAGAIN: {
      meaning: 'The cluster is moving the session.',
      remedy: 'Wait: the request is retried.',
    },
    UNBLOCKED: {
      meaning: 'The server became a replica in the meantime.',
      remedy: 'Wait for the client to find the master.',
    },
    WRONGPASS: {
      meaning: 'Redis does not know this user name and password.',
      remedy: "Check the server's certificate and the clock of this machine.",
    },
    WRONGTYPE: {
      meaning: 'The key of the session contains something else.',
      remedy: 'Pass the storage its own `keyPrefix`, or delete the key.',
    },
  },
} satisfies Readonly<Record<string, Readonly<Record<string, CodeEntry>>>>;
