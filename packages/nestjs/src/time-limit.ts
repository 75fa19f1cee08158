import { startDeadline } from '@frameio-auth/core/adapter';

/**
 * Does some work with a signal that aborts after `ms` milliseconds. Unlike `AbortSignal.timeout()`, it lets a process
 * that was suspended read the responses that arrived meanwhile.
 */
export async function withTimeLimit<Result>(
  ms: number,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const cancel = startDeadline(ms, () => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  });
  try {
    return await work(controller.signal);
  } finally {
    cancel();
  }
}
