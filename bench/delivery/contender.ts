import type { Target } from './wire.ts';
import type { Mode } from './workload.ts';

/** A server that is measured. */
export type Contender = {
  /** What `--contenders` calls it. */
  readonly name: string;
  /** What people call it. */
  readonly title: string;
  /** What it does with a letter before it says 250, and what it leaves out. */
  readonly does: string;
  /** What its 250 means: in the mailbox and synced, in its queue and synced, or nothing. */
  readonly acknowledges: 'kept' | 'queued' | 'discarded';
  /** How it can be given letters. */
  readonly modes: readonly Mode[];
  /** Why it cannot be measured here and how that changes, or null. */
  missing(): string | null;
  /** Starts it in an empty folder on a disk; rejects where it does not come up. */
  start(folder: string): Promise<Server>;
};

/** A contender that runs. */
export type Server = {
  /** What it says of its own version. */
  readonly version: string;
  readonly target: Target;
  /** The processes that all its processes descend from. */
  readonly pids: readonly number[];
  /** Letters in the mailboxes of all recipients; of a server that keeps none, those that it took. */
  delivered(): Promise<number>;
  /** Ends all its processes. */
  stop(): Promise<void>;
};
