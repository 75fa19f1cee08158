import { connect } from 'node:net';
import { type Dispatcher, interceptors } from 'undici';

type Mistake = (api: string) => Dispatcher.DispatcherComposeInterceptor;

/** Interceptors that add a mistake around the tested one, to check that the soak detects it. */
export const plants = {
  'repeats after failures': () =>
    interceptors.retry({ statusCodes: [500, 503], maxRetries: 1, minTimeout: 1, methods: ['GET'] }),

  'tells everybody': () => (dispatch) => (request, handler) =>
    dispatch({ ...request, headers: { ...headersOf(request), authorization: 'Bearer fictional' } }, handler),

  'forgets some': () => {
    let requests = 0;
    return (dispatch) => (request, handler) => {
      requests += 1;
      return requests % 40 === 0 || dispatch(request, handler);
    };
  },

  'tells the end twice': () => (dispatch) => (request, handler) => dispatch(request, toldTwice(handler)),

  'goes on listening': () => (dispatch) => (request, handler) => {
    const { signal } = request as { readonly signal?: AbortSignal };
    signal?.addEventListener('abort', () => handler);
    return dispatch(request, handler);
  },

  'hoards requests': () => {
    const hoard: unknown[] = [];
    return (dispatch) => (request, handler) => {
      hoard.push({ handler, more: new Array(5_000).fill(request.path) });
      return dispatch(request, handler);
    };
  },

  'connects for nothing': (api) => {
    let connected = false;
    return (dispatch) => (request, handler) => {
      if (!connected) connect(Number(new URL(api).port), '127.0.0.1');
      connected = true;
      return dispatch(request, handler);
    };
  },
} satisfies Record<string, Mistake>;

export type Plant = keyof typeof plants;

function headersOf({ headers }: Dispatcher.DispatchOptions): Record<string, string> {
  return headers !== null && typeof headers === 'object' && !(Symbol.iterator in headers)
    ? (headers as Record<string, string>)
    : Object.fromEntries(headers as Iterable<[string, string]>);
}

function toldTwice(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return new Proxy(handler, {
    get(target, event: keyof Dispatcher.DispatchHandler) {
      const tell = (target[event] as ((...heard: unknown[]) => void) | undefined)?.bind(target);
      if (event !== 'onResponseEnd') return tell;
      return (...heard: unknown[]) => {
        tell?.(...heard);
        tell?.(...heard);
      };
    },
  });
}
