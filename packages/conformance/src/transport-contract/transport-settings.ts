/** The settings that a clause needs. */
export interface TransportSettings {
  /** How long a request may take in total, in milliseconds. */
  readonly timeout: number;
  /** The longest body to read, in bytes, after decompression. */
  readonly maxBodySize: number;
  /**
   * The certificate (PEM) of the authority of the contract's trusted servers. It is the same for all clauses, created
   * anew for each process, and its key never leaves the process.
   */
  readonly authority: string;
}
