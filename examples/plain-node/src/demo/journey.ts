import type { StateChange } from '@frameio-auth/core';

/** The states that a session goes through, as its `onStateChange` tells them. */
export class Journey {
  #changes: StateChange[] = [];

  readonly onStateChange = (change: StateChange): void => {
    this.#changes.push(change);
  };

  /**
   * The states since the last time it was asked, such as `valid → refreshing (leasing, requesting, committing) → valid`.
   * The steps inside a state are named where there was more than one.
   */
  take(): string {
    const changes = this.#changes;
    this.#changes = [];
    const stations: { readonly state: string; readonly steps: string[] }[] = [];
    for (const path of changes.map(({ to }) => to)) {
      const [state = '', step] = path.split('.');
      if (stations.at(-1)?.state !== state) stations.push({ state, steps: [] });
      if (step !== undefined) stations.at(-1)?.steps.push(step);
    }
    const [start = ''] = changes[0]?.from.split('.') ?? [];
    if (stations[0]?.state !== start) stations.unshift({ state: start, steps: [] });
    return stations
      .map(({ state, steps }) => (steps.length > 1 ? `${state} (${steps.join(', ')})` : state))
      .join(' → ');
  }
}
