/** How long what is gone is remembered; milliseconds. */
export type Retention = {
  readonly now: number;
  /** Letters that are in no mailbox any more. */
  readonly removedMs: number;
  /** That something was removed, for those who ask what changed. */
  readonly tombstonesMs: number;
};

export type Tidied = {
  readonly letters: number;
  readonly tombstones: number;
  /** Whether a bound of one call was reached: there is more to do. */
  readonly more: boolean;
};

/** What keeps a store in order. */
export interface CareStore {
  /**
   * Lets go of what has been gone for at least so long: a bounded piece of work, so that others are not kept waiting. A thread's
   * message identifiers go with its last letter. What removed accounts left behind goes at once, and need not be counted.
   */
  tidy(retention: Retention): Promise<Tidied>;
  /** Waits for what is under way, then lets go of everything. Later calls are faults. */
  close(): Promise<void>;
}
