import type { Chance } from './chance.ts';
import type { Entry, EntryOf, NetworkEffect } from './plan.ts';

/** The faults that are active now, and what they do to messages. */
export class ActiveFaults {
  readonly #chance: Chance;
  readonly #now: () => number;
  readonly #faults = new Set<Entry>();

  constructor(chance: Chance, now: () => number) {
    this.#chance = chance;
    this.#now = now;
  }

  begin(fault: Entry): void {
    this.#faults.add(fault);
  }

  end(fault: Entry): void {
    this.#faults.delete(fault);
  }

  /** Returns what happens to one message between an instance and its peer; `undefined`: nothing unusual. */
  effectOn(peer: 'server' | 'storage', place: number): NetworkEffect | undefined {
    if (peer === 'storage' && this.storageIsDown) {
      return this.#chance.draw(`away ${place}`, this.#now()) < 0.5 ? 'refused' : 'request lost';
    }
    for (const fault of this.#all('network')) {
      if (fault.peer !== peer || (fault.instance ?? place) !== place) continue;
      if (this.#chance.draw(`strike ${peer} ${place}`, this.#now()) < fault.share) return fault.effect;
    }
    return undefined;
  }

  get storageIsDown(): boolean {
    return this.#first('failover') !== undefined || this.#first('data loss') !== undefined;
  }

  get hints(): EntryOf<'hints'>['effect'] | undefined {
    return this.#first('hints')?.effect;
  }

  get busy(): EntryOf<'busy'> | undefined {
    return this.#first('busy');
  }

  /** Returns the client secrets that the server accepts, if they differ from the configured ones. */
  get secrets(): readonly string[] | undefined {
    return this.#first('secrets')?.live;
  }

  #first<Kind extends Entry['kind']>(kind: Kind): EntryOf<Kind> | undefined {
    return this.#all(kind)[0];
  }

  #all<Kind extends Entry['kind']>(kind: Kind): EntryOf<Kind>[] {
    if (this.#faults.size === 0) return [];
    return [...this.#faults].filter((fault): fault is EntryOf<Kind> => fault.kind === kind);
  }
}
