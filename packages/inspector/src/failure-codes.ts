import { constants } from 'node:os';
import { knownErrorCodes } from '@frameio-auth/core/machine';
import type { Shape } from './shape.js';

/** Codes of the platform that core has no advice for: system calls, name resolution, undici, certificates. */
const PLATFORM_CODES: ReadonlySet<string> = new Set([
  ...Object.keys(constants.errno),
  ...['EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME'],
  ...['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_ABORTED', 'UND_ERR_REQ_RETRY'],
  ...['CERT_NOT_YET_VALID', 'CERT_REVOKED', 'CERT_UNTRUSTED', 'UNABLE_TO_GET_ISSUER_CERT', 'HOSTNAME_MISMATCH'],
]);

const HTTP_STATUS = /^http_[1-5]\d\d$/;

/**
 * Returns the code of a failure if it is known; `other` for any other. Codes come from the server, the platform or a
 * storage, and could contain anything.
 */
export const publicFailureCode: Shape<string> = (value) => {
  if (typeof value !== 'string') return undefined;
  const isKnown = knownErrorCodes.has(value) || PLATFORM_CODES.has(value) || HTTP_STATUS.test(value);
  return isKnown ? value : 'other';
};
