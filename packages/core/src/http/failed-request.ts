import type { ErrorCode } from '../kernel/error-codes.js';
import { foreignCode, TransportError } from '../kernel/errors.js';
import type { Delivery } from '../kernel/failure.js';

/**
 * How far a request without a response came: resolving the host, connecting, verifying the certificate, and the
 * exchange. Only the exchange sends anything.
 */
type Phase = 'lookup' | 'connection' | 'certificate' | 'exchange';

/** The codes of OpenSSL and Node for a rejected certificate, before anything is sent. */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_)/;

/** Node's message when the server disconnects during the TLS handshake; the code is a plain `ECONNRESET`. */
const HANDSHAKE_CUT_SHORT = 'before secure TLS connection was established';

interface PhaseMessage {
  readonly event: (host: string, code: string) => string;
  readonly advice?: string;
}

const MESSAGES: Record<Phase, PhaseMessage> = {
  lookup: {
    event: (host, code) => `The host name in ${host} could not be resolved (${code}).`,
    advice: 'Check its spelling and the DNS.',
  },
  connection: {
    event: (host, code) => `No connection to ${host} could be made (${code}).`,
    advice: 'Check that it is up and that no firewall or proxy is in the way.',
  },
  certificate: {
    event: (host, code) => `The certificate of ${host} was refused (${code}).`,
    advice:
      'Check its dates and its host name, and the clock of this machine. If a company proxy or a private authority ' +
      'signed it, name that authority in NODE_EXTRA_CA_CERTS.',
  },
  exchange: {
    event: (host, code) => `The request to ${host} got no answer (${code}): the server may have seen it all the same.`,
    advice: 'Try again later; if that lasts, check the network and the proxies on the way.',
  },
};

/**
 * For authors of transports: returns the failure of a request without a response, in this package's own words. Foreign
 * errors quote headers, and their causes hold requests. The `code` is the platform's, such as `ECONNREFUSED`, or
 * `request_failed`.
 *
 * @param error - what `fetch`, undici or Node reported
 * @param host - the host of the request, as messages name it
 * @param begun - whether writing the request had begun, if the HTTP client knows. Default: inferred from the error, which
 * counts as `'not_sent'` only if it proves that
 */
export function requestFailure(error: unknown, host: string, begun?: boolean): TransportError {
  const inferred = phaseOf(error);
  const phase = begun === undefined ? inferred : begun ? 'exchange' : inferred === 'exchange' ? 'connection' : inferred;
  const code = codeOf(error);
  const delivery: Delivery = phase === 'exchange' ? 'unknown' : 'not_sent';
  const { event, advice } = MESSAGES[phase];
  return new TransportError(code, event(host, code), { delivery, advice });
}

/** Returns the platform's code, or `request_failed` if there is none that is safe to repeat. */
export function codeOf(error: unknown, depth = 0): ErrorCode {
  const { code, errors } = firstInformative(error);
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return foreignCode(code);
  return errors === undefined || depth === DEEPEST ? 'request_failed' : codeOf(errors[0], depth + 1);
}

/**
 * Returns how far the request came; `exchange` if in doubt. A code alone proves little: a connection in use can fail
 * with `EHOSTUNREACH` or `ETIMEDOUT` too. For those, the system call must be the one that connects.
 */
function phaseOf(error: unknown, depth = 0): Phase {
  const { code, syscall, message, errors } = firstInformative(error);
  if (errors !== undefined) {
    // Several addresses of one host were tried: nothing was sent only if nothing was sent to any of them.
    const phases = depth === DEEPEST ? [] : errors.map((each) => phaseOf(each, depth + 1));
    return phases.find((phase) => phase === 'exchange') ?? phases[0] ?? 'exchange';
  }
  if (code === undefined) return phaseByMessage(message);
  if (syscall === 'getaddrinfo' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'lookup';
  if (syscall === 'connect' || code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'connection';
  if (typeof code !== 'string') return 'exchange';
  if (CERTIFICATE.test(code)) return 'certificate';
  if (code === 'ECONNRESET' && String(message).includes(HANDSHAKE_CUT_SHORT)) return 'connection';
  return 'exchange';
}

/**
 * Deno's message when no connection was made: its errors have no code. It prints its HTTP client's error. `Connect`
 * comes before anything is written; details follow.
 */
const DENO_CONNECT =
  /^(?:error sending request for url \(\S*\): )?(?:client error \(Connect\)|error trying to connect)(?:: (.*))?$/s;

function phaseByMessage(message: unknown): Phase {
  const found = typeof message === 'string' ? DENO_CONNECT.exec(message) : null;
  if (found === null) return 'exchange';
  const [, details = ''] = found;
  if (details.startsWith('dns error')) return 'lookup';
  return details.startsWith('invalid peer certificate') ? 'certificate' : 'connection';
}

/** How deep nested errors are searched: one may contain itself. */
const DEEPEST = 3;

interface ForeignError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
}

/**
 * Returns the first error in the chain of causes that has a code or the errors of several addresses: `fetch` wraps it
 * in errors without details. Without one, returns the innermost message.
 */
function firstInformative(error: unknown): ForeignError {
  let current: unknown = error;
  let words: unknown;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth += 1) {
    const { code, syscall, message, errors, cause } = current as ForeignError & { readonly cause?: unknown };
    if (Array.isArray(errors)) return { code, errors };
    if (typeof code === 'string') return { code, syscall, message };
    words = message;
    current = cause;
  }
  return { message: words };
}
