import type { StateChange } from '@frameio-auth/core';

/** Records the states of a session, from its `onStateChange`. */
export class Journey {
  #changes: StateChange[] = [];

  readonly onStateChange = (change: StateChange): void => {
    this.#changes.push(change);
  };

  /**
   * Returns the states since the last call, such as `valid → refreshing (leasing, requesting, committing) → valid`.
   * Steps inside a state are listed if there was more than one.
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
