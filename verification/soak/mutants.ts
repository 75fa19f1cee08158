import { connect } from 'node:net';
import { type Dispatcher, interceptors } from 'undici';

type Mistake = (api: string) => Dispatcher.DispatcherComposeInterceptor;

/** Interceptors that add a mistake around the tested one, to check that the soak detects it. */
export const mutants = {
  'retries after failures': () =>
    interceptors.retry({ statusCodes: [500, 503], maxRetries: 1, minTimeout: 1, methods: ['GET'] }),

  'sends the token everywhere': () => (dispatch) => (request, handler) =>
    dispatch({ ...request, headers: { ...headersOf(request), authorization: 'Bearer fictional' } }, handler),

  'drops some requests': () => {
    let requests = 0;
    return (dispatch) => (request, handler) => {
      requests += 1;
      return requests % 40 === 0 || dispatch(request, handler);
    };
  },

  'ends requests twice': () => (dispatch) => (request, handler) => dispatch(request, endingTwice(handler)),

  'keeps listening': () => (dispatch) => (request, handler) => {
    const { signal } = request as { readonly signal?: AbortSignal };
    signal?.addEventListener('abort', () => handler);
    return dispatch(request, handler);
  },

  'keeps requests': () => {
    const kept: unknown[] = [];
    return (dispatch) => (request, handler) => {
      kept.push({ handler, more: new Array(5_000).fill(request.path) });
      return dispatch(request, handler);
    };
  },

  'leaves a connection open': (api) => {
    let connected = false;
    return (dispatch) => (request, handler) => {
      if (!connected) connect(Number(new URL(api).port), '127.0.0.1');
      connected = true;
      return dispatch(request, handler);
    };
  },
} satisfies Record<string, Mistake>;

export type Mutant = keyof typeof mutants;

function headersOf({ headers }: Dispatcher.DispatchOptions): Record<string, string> {
  return headers !== null && typeof headers === 'object' && !(Symbol.iterator in headers)
    ? (headers as Record<string, string>)
    : Object.fromEntries(headers as Iterable<[string, string]>);
}

function endingTwice(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return new Proxy(handler, {
    get(target, event: keyof Dispatcher.DispatchHandler) {
      const tell = (target[event] as ((...args: unknown[]) => void) | undefined)?.bind(target);
      if (event !== 'onResponseEnd') return tell;
      return (...args: unknown[]) => {
        tell?.(...args);
        tell?.(...args);
      };
    },
  });
}
