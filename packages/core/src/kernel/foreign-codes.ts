import type { CodeEntry } from './error-codes.js';

/** The known codes of servers, platforms and storages, by section of the error page. */
export const FOREIGN_CODES = {
  'Answers of the authorization server': {
    access_denied: {
      meaning: 'The user or the server declined the sign-in (RFC 6749 §4.1.2.1).',
      remedy: 'Offer to sign in again. If the user did not decline, check that the account has access to the product.',
    },
    account_selection_required: {
      meaning: 'The server needs the user to choose an account, and was told to show no page.',
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    consent_required: {
      meaning: "The server needs the user's consent, and was told to show no page.",
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    interaction_required: {
      meaning: 'The server needs to show the user a page, and was told not to.',
      remedy: "Start the sign-in without `prompt: 'none'`.",
    },
    login_required: {
      meaning: 'The user is not signed in at the server, and the server was told to show no page.',
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
        'Check `clientId` and `clientSecret`, and whether the secret is still live. Add a new secret beside the old.',
    },
    invalid_dpop_proof: {
      meaning: 'The server asks for sender-constrained tokens (RFC 9449), which these packages do not have.',
      remedy: 'Register the client for bearer tokens.',
    },
    use_dpop_nonce: {
      meaning: 'The server asks for sender-constrained tokens (RFC 9449), which these packages do not have.',
      remedy: 'Register the client for bearer tokens.',
    },
    invalid_grant: {
      meaning: 'The server refused the code or the refresh token: it expired, was used before, or was revoked.',
      remedy: 'Sign in again. With a new code: check that `redirectUri` is the registered one and the clock is right.',
    },
    invalid_request: {
      meaning: 'The server finds the request malformed; some servers say so of a dead refresh token.',
      remedy:
        'Start the sign-in again; if it lasts, compare `redirectUri`, `scopes` and parameters with the registration.',
    },
    invalid_scope: {
      meaning: 'The server does not grant a scope that was asked for.',
      remedy: 'Compare `scopes` with those of the credential: each must be one that this flow may ask for.',
    },
    unauthorized_scope: {
      meaning: 'The server does not allow this client a scope that was asked for.',
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
      remedy: 'Call again later; a sign-in is to be started again.',
    },
    temporarily_unavailable: {
      meaning: 'The server says that it is overloaded or being maintained. Tokens are kept.',
      remedy: 'Call again later; a sign-in is to be started again.',
    },
    unauthorized_client: {
      meaning: 'This client may not use this flow.',
      remedy: 'Check that the credential is of the kind that the flow needs.',
    },
    unsupported_grant_type: {
      meaning: 'The server does not offer this flow at its token endpoint.',
      remedy: 'Check `server`, and that the flow is one that the server has.',
    },
    unsupported_response_type: {
      meaning: 'The server does not offer the code flow to this client.',
      remedy: 'Check `server` and the kind of the credential.',
    },
    unsupported_token_type: {
      meaning: 'The server does not revoke tokens of this kind (RFC 7009 §2.2.1).',
      remedy: 'None is needed here: the tokens are forgotten, and live on at the server until they expire.',
    },
    unnamed_error: {
      meaning: 'The server sent an error whose name has nothing that can be shown.',
      remedy: 'Check the address of the endpoint, and what stands in front of it.',
    },
  },

  'HTTP statuses without an OAuth error': {
    http_400: {
      meaning: 'The server refused the request and said no word of OAuth. Tokens are kept.',
      remedy: 'Check the address of the endpoint and what stands in front of it; then how the client is registered.',
    },
    http_401: {
      meaning: 'The server does not accept the client, and said no word of OAuth. Tokens are kept.',
      remedy: 'Check `clientId` and `clientSecret`, and whether the secret is still live.',
    },
    http_403: {
      meaning: 'The server, or a firewall in front of it, refused the request. Tokens are kept.',
      remedy: 'Check which addresses may call the server, and what the credential may do.',
    },
    http_404: {
      meaning: 'Nothing is at the address of the endpoint. Tokens are kept.',
      remedy: 'Check the addresses in `server`.',
    },
    http_407: {
      meaning: 'A proxy wants credentials. Tokens are kept.',
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
      remedy: 'Call again later; give `debugId` to its support if it lasts.',
    },
    http_502: {
      meaning: 'A gateway got no answer from the server. Tokens are kept.',
      remedy: 'Call again later.',
    },
    http_503: {
      meaning: 'The server is overloaded or being maintained. Tokens are kept.',
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
      meaning: 'The connection was lost. The server may have carried the request out.',
      remedy: 'Call again later; if it lasts, look at proxies and firewalls on the way.',
    },
    EPIPE: {
      meaning: 'The connection was lost while something was sent.',
      remedy: 'Call again later.',
    },
    ETIMEDOUT: {
      meaning: 'No connection could be made in time, or an open one went silent.',
      remedy: 'Check the network, and firewalls that drop packets.',
    },
    EHOSTUNREACH: {
      meaning: 'The network has no way to the host.',
      remedy: 'Check the network and its routes.',
    },
    ENETUNREACH: {
      meaning: 'The network has no way to the host.',
      remedy: 'Check the network and its routes.',
    },
    ENOTFOUND: {
      meaning: 'The host name does not exist.',
      remedy: 'Check its spelling and the DNS.',
    },
    EAI_AGAIN: {
      meaning: 'The DNS did not answer. Nothing was sent.',
      remedy: 'Call again later; check the DNS of this machine.',
    },
    CERT_HAS_EXPIRED: {
      meaning: 'The certificate of the server has expired, or the clock of this machine is wrong. Nothing was sent.',
      remedy: 'Check both.',
    },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      meaning: 'The certificate of the server is for another host. Nothing was sent.',
      remedy: 'Check the address, and proxies on the way.',
    },
    DEPTH_ZERO_SELF_SIGNED_CERT: {
      meaning: 'The server signed its certificate itself. Nothing was sent.',
      remedy: 'Name the authority that you trust in `NODE_EXTRA_CA_CERTS`, or in `ca` of `undiciTransport()`.',
    },
    SELF_SIGNED_CERT_IN_CHAIN: {
      meaning:
        'The certificate leads to an authority that is not trusted, as behind a company proxy. Nothing was sent.',
      remedy: 'Name the authority in `NODE_EXTRA_CA_CERTS`, or in `ca` of `undiciTransport()`.',
    },
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
      meaning: 'The certificate leads to an authority that is not known here. Nothing was sent.',
      remedy: 'Name the authority in `NODE_EXTRA_CA_CERTS`; check that the server sends its intermediate certificates.',
    },
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
      meaning: 'The certificate leads to an authority that is not known here. Nothing was sent.',
      remedy: 'Name the authority in `NODE_EXTRA_CA_CERTS`, or in `ca` of `undiciTransport()`.',
    },
    UND_ERR_CONNECT_TIMEOUT: {
      meaning: 'undici could not connect in time. Nothing was sent.',
      remedy: 'Check the network, and firewalls that drop packets.',
    },
    UND_ERR_HEADERS_TIMEOUT: {
      meaning: 'The server did not begin to answer in time. It may have carried the request out.',
      remedy: 'Call again later; tokens are kept.',
    },
    UND_ERR_BODY_TIMEOUT: {
      meaning: 'The answer stopped in the middle. The server may have carried the request out.',
      remedy: 'Call again later; tokens are kept.',
    },
    UND_ERR_SOCKET: {
      meaning: 'The connection was lost. The server may have carried the request out.',
      remedy: 'Call again later; if it lasts, look at proxies on the way.',
    },
  },

  'Codes of the file system': {
    EACCES: {
      meaning: 'The process may not use the file or the directory.',
      remedy: 'Change its owner or mode, or choose another `directory`.',
    },
    EPERM: {
      meaning: 'The system does not permit it to this process.',
      remedy: 'Change owner or mode, or the rules of the container.',
    },
    ERR_ACCESS_DENIED: {
      meaning: "Node's permission model denies it.",
      remedy: 'Start Node with `--allow-fs-read` and `--allow-fs-write` for the directory.',
    },
    EDQUOT: {
      meaning: 'The disk quota of the user is used up. What was stored is unchanged.',
      remedy: 'Make room, or raise the quota.',
    },
    ENOSPC: {
      meaning: 'No space is left on the disk. What was stored is unchanged.',
      remedy: 'Make room.',
    },
    EFBIG: {
      meaning: 'The file would be larger than the process may write.',
      remedy: 'Raise the limit (`ulimit -f`).',
    },
    EIO: {
      meaning: 'The disk reports an error.',
      remedy: 'Look at the log of the system; move the directory to a disk that works.',
    },
    ELOOP: {
      meaning: 'The path leads over a symbolic link where none is followed, or over too many.',
      remedy: 'Give the real path as `directory`.',
    },
    EMFILE: {
      meaning: 'The process has too many files open.',
      remedy: 'Raise the limit (`ulimit -n`), and look for what does not close its files.',
    },
    ENFILE: {
      meaning: 'The system has too many files open.',
      remedy: 'Raise the limit of the system.',
    },
    ENOENT: {
      meaning: 'The path is not there, and cannot be made.',
      remedy: 'Make the parent directory, or choose another `directory`.',
    },
    ENOTDIR: {
      meaning: 'A part of the path is no directory.',
      remedy: 'Choose another `directory`.',
    },
    EROFS: {
      meaning: 'The file system is read-only.',
      remedy: 'Give `fileStorage()` a `directory` on a volume that can be written.',
    },
    EXDEV: {
      meaning: 'The file cannot be renamed across layers of a container image, or file systems.',
      remedy: 'Give `fileStorage()` a `directory` on a volume.',
    },
  },

  'Codes of Redis': {
    ASK: {
      meaning: 'The cluster is moving the session, and the client did not follow.',
      remedy: 'Give `redisStorage()` a `Cluster`.',
    },
    BUSY: {
      meaning: 'Another script has kept Redis busy for seconds.',
      remedy: 'Find the script (`SLOWLOG`), and end it (`SCRIPT KILL`).',
    },
    CLUSTERDOWN: {
      meaning: 'The cluster is not complete, or cannot be reached.',
      remedy: 'Look at its nodes (`CLUSTER INFO`).',
    },
    CROSSSLOT: {
      meaning: 'The client is no `Cluster`, or its `keyPrefix` splits the hash tag.',
      remedy: 'Give `redisStorage()` a `Cluster`, and leave the key prefix to the storage.',
    },
    ERR: {
      meaning: 'Redis does not know a command that the scripts need, as a Sentinel does not.',
      remedy: 'Connect to Redis itself; to Sentinels by the option `sentinels` of ioredis.',
    },
    LOADING: {
      meaning: 'Redis is still loading its data.',
      remedy: 'Wait: it is tried again.',
    },
    MASTERDOWN: {
      meaning: 'The replica has lost its master.',
      remedy: 'Look at the replication; connect to the master.',
    },
    MISCONF: {
      meaning: 'Redis cannot write its data to its disk, and takes no writes until it can.',
      remedy: 'Look at the log and the disk of Redis.',
    },
    MOVED: {
      meaning: 'The session is on another node of the cluster, and the client is no `Cluster`.',
      remedy: 'Give `redisStorage()` a `Cluster`.',
    },
    NOAUTH: {
      meaning: 'Redis wants a password.',
      remedy: 'Give the client its user name and password.',
    },
    NOPERM: {
      meaning: 'The user of the client may not do what the storage needs.',
      remedy: 'Allow what the README of `@frameio-auth/storage-redis` lists.',
    },
    NOREPLICAS: {
      meaning: 'Redis takes no writes, because too few replicas are connected.',
      remedy: 'Look at the replicas, or at `min-replicas-to-write`.',
    },
    OOM: {
      meaning: 'The memory of Redis is full, so it takes no new keys.',
      remedy: 'Raise `maxmemory`, or find out what fills it.',
    },
    READONLY: {
      meaning: 'The client is connected to a replica.',
      remedy: 'Connect to the master; with Sentinels, by the option `sentinels` of ioredis.',
    },
    TRYAGAIN: {
      meaning: 'The cluster is moving the session.',
      remedy: 'Wait: it is tried again.',
    },
    UNBLOCKED: {
      meaning: 'The server became a replica meanwhile.',
      remedy: 'Wait for the client to find the master.',
    },
    WRONGPASS: {
      meaning: 'Redis does not know this user name and password.',
      remedy: 'Check both.',
    },
    WRONGTYPE: {
      meaning: 'Something else is kept under the key of the session.',
      remedy: 'Give the storage a `keyPrefix` of its own, or delete the key.',
    },
  },
} satisfies Readonly<Record<string, Readonly<Record<string, CodeEntry>>>>;
