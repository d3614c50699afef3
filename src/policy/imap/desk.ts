import type { Answers, Ask, Asked, Refusal } from '../../imap/questions.ts';
import type { Eventually, Result } from '../../result.ts';
import type { AccountId, LetterId, Store } from '../../store/port.ts';
import type { OmittedRange } from '../../mail/omitted-ranges.ts';

/** What the questions of somebody who is logged in are answered from. */
export type Desk = {
  readonly store: Store;
  readonly account: AccountId;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** The letters of the last page that were too large for it. */
  readonly large: Map<LetterId, ServedForm>;
};

/** How a letter is served: what stands before it, and what of it is left out. */
export type ServedForm = { readonly prefix: Uint8Array; readonly omitted: readonly OmittedRange[] };

/** How one kind of question is answered. Rejects for faults only. */
export type Answering<Kind extends Ask> = (
  question: Asked<Kind>,
  desk: Desk,
) => Eventually<Result<Answers[Kind], Refusal['why']>>;
