/** A request as it was passed to a function with the signature of `fetch`. */
export interface GivenRequest {
  /** The only text used as its address, so that the address that is checked is the one that is sent. */
  readonly address: string;
  /** The original `Request`, from the platform, another realm or another implementation of `fetch`. */
  readonly request: Request | undefined;
}

/**
 * Reads the address of the input exactly once. `fetch` itself would treat a `Request` of another realm, or an object
 * that only resembles one, as text; here they are requests. The input is not passed on, so a getter or a `toString()`
 * that later returns another value has no effect.
 */
export function givenRequest(input: string | URL | Request): GivenRequest {
  const request = isRequest(input) ? input : undefined;
  return { address: String(request === undefined ? input : request.url), request };
}

function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && input !== null && 'url' in input && 'method' in input && 'headers' in input;
}

/** The settings of a `Request` besides its address, method, headers and body. */
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

/** Returns the settings of a `Request` that `init` does not override, to send the same request by its address. */
export function settingsOf(request: Request | undefined, init: RequestInit): RequestInit {
  const settings: RequestInit = {};
  for (const name of SETTINGS) {
    const value = init[name] === undefined ? request?.[name] : undefined;
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
  // Only a browser may navigate. It turns a changed navigation request into a same-origin one (Fetch standard).
  if (settings.mode === 'navigate') settings.mode = 'same-origin';
  return settings;
}
