/** What a promise rejects with. One that resolves fails the test, without showing what it resolved to: a token, maybe. */
export function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('This was expected to be refused, and it was not');
    },
    (error: unknown) => error,
  );
}
