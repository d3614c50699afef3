import type { Eventually, Result } from '../../result.ts';
import type { AccountId, QueueId } from './ids.ts';
import type { NewLetter } from './letters.ts';

/** A letter that waits to go out to one destination. */
export type NewQueued = {
  /** Who sends it; null for a report that nobody answers. */
  readonly account: AccountId | null;
  /** Where it goes: a domain or the name of a route. */
  readonly destination: string;
  /** Envelope and what was tried, in the form that `queue/` has; the store only keeps it. */
  readonly state: string;
  /** Header fields that stand before the letter when it goes out, CRLF included. */
  readonly prefix: Uint8Array;
  /** Not before, milliseconds since 1970. */
  readonly dueAt: number;
  readonly createdAt: number;
};

export type Queued = NewQueued & {
  readonly id: QueueId;
  readonly hash: NewLetter['hash'];
  readonly sizeBytes: number;
  readonly omitted: NonNullable<NewLetter['omitted']>;
  readonly attempts: number;
  /** Somebody works on it until then; null for nobody. */
  readonly leasedUntil: number | null;
};

/** The queue: letters of this server's people on their way to other servers. An entry is one destination of one letter. */
export interface QueueStore {
  /** By number, from the one after `after` on. */
  queued(query: { readonly count: number; readonly after: QueueId | null }): Eventually<readonly Queued[]>;
  /** The bytes of an entry's letter, in pieces; null where there is no such entry. */
  queuedPieces(id: QueueId): Eventually<AsyncIterable<Uint8Array> | null>;

  /** Keeps the letter once for all the entries. */
  enqueue(letter: NewLetter, entries: readonly NewQueued[]): Promise<readonly QueueId[]>;
  /**
   * Takes at most `count` entries that are due and that nobody works on, by due time, until `until`, which is later than `now`;
   * each counts one attempt more. One on which somebody works for an hour longer than that was taken by a clock that has been
   * set back since, and nobody works on it.
   */
  lease(now: number, until: number, count: number): Promise<readonly Queued[]>;
  /** Puts an entry back with a new state, or ends it. `lost`: somebody else has leased it since, or it is gone or put back. */
  settle(
    id: QueueId,
    leasedUntil: number,
    outcome: { readonly state: string; readonly dueAt: number } | 'done',
  ): Promise<Result<null, 'lost'>>;
}
