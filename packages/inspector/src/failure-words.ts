import { constants } from 'node:os';
import type { Shape } from './shape.js';

/**
 * The allowed codes of failures. Codes come from the server, the platform or a storage, and could contain anything, so
 * only known ones are shown.
 */
const KNOWN: ReadonlySet<string> = new Set([
  // RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'invalid_scope', 'invalid_token', 'insufficient_scope'],
  ...['unauthorized_client', 'unsupported_grant_type', 'unsupported_response_type', 'unsupported_token_type'],
  ...['access_denied', 'server_error', 'temporarily_unavailable'],
  // OpenID Connect Core §3.1.2.6
  ...['interaction_required', 'login_required', 'account_selection_required', 'consent_required'],
  // Adobe IMS
  'ride_AdobeID_acct_actreq',
  // These packages: requests
  ...['timeout', 'no_answer', 'invalid_response', 'invalid_status', 'redirect_refused', 'request_failed'],
  ...['body_too_large', 'body_incomplete', 'transport_closed', 'client_secret_missing', 'revocation_unsupported'],
  // These packages: sessions and storages
  ...['no_refresh_token', 'not_written', 'invalid_argument', 'invalid_reply', 'storage_failed', 'storage_closed'],
  ...['connection_closed', 'record_unreadable', 'record_from_newer_version', 'record_too_new', 'record_not_encrypted'],
  ...['record_moved', 'record_tampered', 'encryption_key_missing', 'encryption_key_wrong', 'encryption_key_invalid'],
  ...['encryption_key_unavailable', 'foreign_owner', 'permissions_too_open'],
  // Redis
  ...['READONLY', 'LOADING', 'OOM', 'NOPERM', 'NOAUTH', 'WRONGPASS', 'CLUSTERDOWN', 'MASTERDOWN', 'MISCONF', 'BUSY'],
  ...['NOREPLICAS', 'TRYAGAIN'],
  // The platform: system calls, name resolution, undici, certificates
  ...Object.keys(constants.errno),
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
  ...['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_ABORTED', 'UND_ERR_REQ_RETRY'],
  ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ...['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'HOSTNAME_MISMATCH', 'ERR_TLS_CERT_ALTNAME_INVALID'],
]);

const HTTP_STATUS = /^http_[1-5]\d\d$/;

/** Returns the code of a failure if it is known; `other` for any other. */
export const failureWord: Shape<string> = (value) => {
  if (typeof value !== 'string') return undefined;
  return KNOWN.has(value) || HTTP_STATUS.test(value) ? value : 'other';
};
