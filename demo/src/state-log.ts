import type { StateChange } from '@frameio-auth/core';

/** Records the states of a session, from its `onStateChange`. */
export class StateLog {
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
    const visited: { readonly state: string; readonly steps: string[] }[] = [];
    for (const path of changes.map(({ to }) => to)) {
      const [state = '', step] = path.split('.');
      if (visited.at(-1)?.state !== state) visited.push({ state, steps: [] });
      if (step !== undefined) visited.at(-1)?.steps.push(step);
    }
    const [start = ''] = changes[0]?.from.split('.') ?? [];
    if (visited[0]?.state !== start) visited.unshift({ state: start, steps: [] });
    return visited.map(({ state, steps }) => (steps.length > 1 ? `${state} (${steps.join(', ')})` : state)).join(' → ');
  }
}
