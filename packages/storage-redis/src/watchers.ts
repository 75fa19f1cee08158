type Listener = (version: number) => void;

interface Watched {
  readonly listeners: Set<Listener>;
  /** The highest version of the record that this process knows of; 0: none. */
  newest: number;
}

interface Shard {
  readonly watched: Map<string, Watched>;
  /** The highest version of any session of the shard that this process knows of. */
  highest: number;
}

/** Tracks the watchers of each record, by the channel of its shard, and the newest version seen of each. */
export class Watchers {
  readonly #shards = new Map<string, Shard>();

  /** Returns the channels of the shards that have watchers. */
  get channels(): readonly string[] {
    return [...this.#shards].flatMap(([channel, { watched }]) => (watched.size > 0 ? [channel] : []));
  }

  watch(channel: string, key: string, listener: Listener): () => void {
    const shard = this.#shards.get(channel) ?? { watched: new Map<string, Watched>(), highest: 0 };
    this.#shards.set(channel, shard);
    const watched = shard.watched.get(key) ?? { listeners: new Set<Listener>(), newest: 0 };
    shard.watched.set(key, watched);
    const call = (version: number) => listener(version); // A new function, so that the same listener can watch twice.
    watched.listeners.add(call);
    return () => {
      if (watched.listeners.delete(call) && watched.listeners.size === 0) shard.watched.delete(key);
    };
  }

  keysOf(channel: string): readonly string[] {
    return [...(this.#shards.get(channel)?.watched.keys() ?? [])];
  }

  /** Returns the newest version seen; `undefined` if the record has no watcher. */
  newestOf(channel: string, key: string): number | undefined {
    return this.#shards.get(channel)?.watched.get(key)?.newest;
  }

  highestOf(channel: string): number {
    return this.#shards.get(channel)?.highest ?? 0;
  }

  /** Notes that the record has, or had, this version. */
  note(channel: string, key: string, version: number): void {
    const shard = this.#shards.get(channel);
    if (shard === undefined) return;
    shard.highest = Math.max(shard.highest, version);
    const watched = shard.watched.get(key);
    if (watched !== undefined) watched.newest = Math.max(watched.newest, version);
  }

  /** Resets the highest version of a shard after Redis has lost it. */
  reset(channel: string, highest: number): void {
    const shard = this.#shards.get(channel);
    if (shard !== undefined) shard.highest = highest;
  }

  notify(channel: string, key: string, version: number): void {
    for (const listener of this.#shards.get(channel)?.watched.get(key)?.listeners ?? []) listener(version);
  }

  clear(): void {
    this.#shards.clear();
  }
}
