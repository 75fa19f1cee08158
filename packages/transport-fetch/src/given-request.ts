/** A request as it was given to a function with the signature of `fetch`. */
export interface GivenRequest {
  /** The one text that counts as its address: what is checked is what is sent. */
  readonly address: string;
  /** The `Request` that it was given as, be it the platform's, of another realm or of another implementation of fetch. */
  readonly request: Request | undefined;
}

/**
 * Reads the address of what was given, once. `fetch` itself would read a `Request` of another realm as text, and an object
 * that only looks like a `Request` too; here they are requests. Neither is handed on, so a getter or a `toString()` that
 * says something else the next time has no effect.
 */
export function givenRequest(input: string | URL | Request): GivenRequest {
  const request = isRequest(input) ? input : undefined;
  return { address: String(request === undefined ? input : request.url), request };
}

function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input && 'method' in input && 'headers' in input;
}

/** What a `Request` says besides its address, method, headers and body. */
const SETTINGS = [
  'cache',
  'credentials',
  'integrity',
  'keepalive',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal',
] as const;

/** The settings of a `Request` that `init` leaves as they are, to make the same request by its address. */
export function settingsOf(request: Request | undefined, init: RequestInit): RequestInit {
  const settings: RequestInit = {};
  for (const name of SETTINGS) {
    const value = init[name] === undefined ? request?.[name] : undefined;
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  // Only a browser may navigate; what it makes of such a request that is changed is one to the same origin (Fetch standard).
  if (settings.mode === 'navigate') settings.mode = 'same-origin';
  return settings;
}
