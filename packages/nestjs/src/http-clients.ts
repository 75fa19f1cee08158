/** Creates the HTTP client of each session when it is first requested, and keeps it. */
export class HttpClients<Session extends object> {
  readonly #make: (session: Session) => unknown;
  /** Weak, so that a client is collected together with its session. */
  readonly #clients = new WeakMap<Session, unknown>();
  readonly #closable = new Set<WeakRef<Closable>>();
  readonly #gone = new FinalizationRegistry<WeakRef<Closable>>((reference) => this.#closable.delete(reference));

  constructor(make: (session: Session) => unknown) {
    this.#make = make;
  }

  of(session: Session): unknown {
    if (this.#clients.has(session)) return this.#clients.get(session);
    const client = this.#make(session);
    this.#clients.set(session, client);
    if (isClosable(client)) this.#closeAtTheEnd(client);
    return client;
  }

  #closeAtTheEnd(client: Closable): void {
    const reference = new WeakRef(client);
    this.#closable.add(reference);
    this.#gone.register(client, reference);
  }

  /**
   * Closes all clients that can be closed. Several clients may share a connection pool, which rejects a second
   * `close()`.
   */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#closable].map(async (reference) => reference.deref()?.close()));
  }
}

interface Closable {
  close(): unknown;
}

function isClosable(client: unknown): client is Closable {
  const isObject = (typeof client === 'object' && client !== null) || typeof client === 'function';
  return isObject && 'close' in client && typeof client.close === 'function';
}
