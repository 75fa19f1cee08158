import type { ErrorCode } from '../kernel/error-codes.js';
import { foreignCode, TransportError } from '../kernel/errors.js';
import type { Delivery } from '../kernel/failure.js';

/**
 * How far a request came that got no answer: finding the host, connecting, checking who it is, and the exchange.
 * Only in the last of them has anything been sent.
 */
type Stage = 'lookup' | 'connection' | 'certificate' | 'exchange';

/** What OpenSSL and Node call the reasons for which a certificate is refused, before anything is sent. */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_ALTNAME_)/;

/** What Node says when the server hangs up in the middle of the TLS handshake; the code is a plain `ECONNRESET`. */
const HANDSHAKE_CUT_SHORT = 'before secure TLS connection was established';

interface Words {
  readonly event: (host: string, code: string) => string;
  readonly advice?: string;
}

const WORDS: Record<Stage, Words> = {
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
 * For writers of transports: the failure of a request that got no answer, told truthfully, and in words of our own,
 * because other people's errors quote headers, and their causes hold requests. The `code` is the platform's, such as
 * `ECONNREFUSED`, or `request_failed`.
 *
 * @param error - what `fetch`, undici or Node reported
 * @param host - whom the request was for, as messages name it
 * @param begun - whether the request had begun to be written, where the HTTP client tells. By default that is judged by
 *   the error, which is taken for `'not_sent'` only where it proves that
 */
export function requestFailure(error: unknown, host: string, begun?: boolean): TransportError {
  const judged = stageOf(error);
  const stage = begun === undefined ? judged : begun ? 'exchange' : judged === 'exchange' ? 'connection' : judged;
  const code = codeOf(error);
  const delivery: Delivery = stage === 'exchange' ? 'unknown' : 'not_sent';
  const { event, advice } = WORDS[stage];
  return new TransportError(code, event(host, code), { delivery, advice });
}

/** The platform's word for the failure, or `request_failed` where it has none that is safe to repeat. */
export function codeOf(error: unknown, depth = 0): ErrorCode {
  const { code, errors } = informative(error);
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return foreignCode(code);
  return errors === undefined || depth === DEEPEST ? 'request_failed' : codeOf(errors[0], depth + 1);
}

/**
 * Where in doubt, the answer is `exchange`. In particular, a code alone proves little: a connection that was in use
 * can fail with `EHOSTUNREACH` or `ETIMEDOUT` too, so for those the system call has to be the one that connects.
 */
function stageOf(error: unknown, depth = 0): Stage {
  const { code, syscall, message, errors } = informative(error);
  if (errors !== undefined) {
    // Several addresses of one host were tried: nothing was sent only if nothing was sent to any of them.
    const stages = depth === DEEPEST ? [] : errors.map((each) => stageOf(each, depth + 1));
    return stages.find((stage) => stage === 'exchange') ?? stages[0] ?? 'exchange';
  }
  if (code === undefined) return stageByText(message);
  if (syscall === 'getaddrinfo' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'lookup';
  if (syscall === 'connect' || code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'connection';
  if (typeof code !== 'string') return 'exchange';
  if (CERTIFICATE.test(code)) return 'certificate';
  if (code === 'ECONNRESET' && String(message).includes(HANDSHAKE_CUT_SHORT)) return 'connection';
  return 'exchange';
}

/**
 * What Deno says when a connection was not made: its errors have no code. It prints what its HTTP client failed at, and
 * `Connect` comes before anything is written; the details follow.
 */
const DENO_CONNECT =
  /^(?:error sending request for url \(\S*\): )?(?:client error \(Connect\)|error trying to connect)(?:: (.*))?$/s;

function stageByText(message: unknown): Stage {
  const found = typeof message === 'string' ? DENO_CONNECT.exec(message) : null;
  if (found === null) return 'exchange';
  const [, details = ''] = found;
  if (details.startsWith('dns error')) return 'lookup';
  return details.startsWith('invalid peer certificate') ? 'certificate' : 'connection';
}

/** How many errors within errors are looked at: one may contain itself. */
const DEEPEST = 3;

interface ForeignError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly unknown[];
}

/**
 * The first error with a code, or of several addresses, in the chain of causes: `fetch` wraps it in ones that say nothing.
 * Without one, what the innermost says.
 */
function informative(error: unknown): ForeignError {
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
