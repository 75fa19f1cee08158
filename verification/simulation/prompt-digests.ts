import { createHash } from 'node:crypto';

/**
 * Runs a function with digests that resolve immediately. WebCrypto computes them in a thread, in real time, and a
 * sign-in needs two: virtual time would not wait for them.
 */
export async function withPromptDigests<Result>(run: () => Promise<Result>): Promise<Result> {
  const { subtle } = crypto;
  const digest = async (_algorithm: 'SHA-256', data: Uint8Array) =>
    new Uint8Array(createHash('sha256').update(data).digest()).buffer;
  Object.defineProperty(subtle, 'digest', { value: digest, configurable: true });
  try {
    return await run();
  } finally {
    Reflect.deleteProperty(subtle, 'digest'); // The platform's own is on the prototype.
  }
}
