/** How the statechart is drawn: the contents of `statechart.json`, for wide and for narrow spaces. */
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
  /** Whether it has child states. */
  readonly compound: boolean;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** All transitions from one state to another, as one line. */
export interface DrawnConnection {
  readonly source: string;
  readonly target: string;
  /** The ids of the transitions. */
  readonly transitions: readonly string[];
  /** In the format of the attribute `d` of an SVG path. */
  readonly path: string;
  /** A word, and its centre; `null` if the name of the target state says the same. */
  readonly label: { readonly text: string; readonly x: number; readonly y: number } | null;
}
