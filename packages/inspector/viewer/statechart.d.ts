/** How the statechart is drawn: what `statechart.json` has, once for wide places and once for narrow ones. */
export interface Plans {
  readonly wide: Plan;
  readonly tall: Plan;
}

/** A drawing: lengths in pixels, as in an SVG. */
export interface Plan {
  readonly width: number;
  readonly height: number;
  /** In the order of the machine. */
  readonly states: readonly DrawnState[];
  readonly connections: readonly DrawnConnection[];
}

export interface DrawnState {
  /** The full name, such as `refreshing.requesting`. */
  readonly id: string;
  readonly name: string;
  readonly box: Box;
  /** Whether there are states in it. */
  readonly compound: boolean;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** All transitions from a state to another, as one line. */
export interface DrawnConnection {
  readonly source: string;
  readonly target: string;
  /** The ids of the transitions. */
  readonly transitions: readonly string[];
  /** As in the attribute `d` of an SVG path. */
  readonly path: string;
  /** A word, and the middle of it; `null` where the name of the state that is entered says as much. */
  readonly label: { readonly text: string; readonly x: number; readonly y: number } | null;
}
