/** One rule that every adapter must keep, with its check. */
export interface ContractClause {
  /** A stable id across releases: the method or topic, and the aspect, such as `lease.abandoned`. */
  readonly id: string;
  /** The rule in one sentence. */
  readonly rule: string;
  /**
   * Creates an adapter, checks the rule, and disposes of the adapter. Rejects with an Error that says what was wrong.
   */
  check(): Promise<void>;
}

/** Runs the proof of a rule; its error says which adapter breaks which rule, and how. */
export async function proving(
  name: string,
  { id, rule }: Pick<ContractClause, 'id' | 'rule'>,
  prove: () => Promise<void>,
): Promise<void> {
  try {
    await prove();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} breaks ${id}. ${rule} ${reason}`, { cause: error });
  }
}
