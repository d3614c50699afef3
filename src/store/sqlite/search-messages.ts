import type { MessagePort } from 'node:worker_threads';
import type { AccountId, SearchQuery } from '../port.ts';

/** What a client asks the search thread; the answer has the same number. */
export type SearchAsk =
  | { readonly ask: 'search'; readonly number: number; readonly query: SearchQuery }
  | { readonly ask: 'drop'; readonly number: number; readonly account: AccountId };

/** What the search thread answers: three numbers a hit (letter, uid, thread), and how many there are in all. */
export type SearchAnswer = { readonly number: number } & (
  | { readonly total: number; readonly numbers: Float64Array<ArrayBuffer> }
  | { readonly fault: string }
);

/** What the store thread tells the search thread. */
export type SearchOrder =
  | { readonly order: 'admit'; readonly port: MessagePort }
  /** Forget the letters and accounts that are gone. */
  | { readonly order: 'sweep' }
  | { readonly order: 'close' };

/** A client's way to the search thread, which the store thread passes on. */
export type SearchDoor = { readonly searches: MessagePort };
