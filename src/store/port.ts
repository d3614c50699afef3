import type { AccountStore } from './port/accounts.ts';
import type { CareStore } from './port/care.ts';
import type { ChangeStore } from './port/changes.ts';
import type { LetterStore } from './port/letters.ts';
import type { MailboxStore } from './port/mailboxes.ts';
import type { ObjectStore } from './port/objects.ts';
import type { QueueStore } from './port/queue.ts';
import type { SearchStore } from './port/search.ts';

export type * from './port/accounts.ts';
export type * from './port/care.ts';
export type * from './port/changes.ts';
export type * from './port/ids.ts';
export type * from './port/letters.ts';
export type * from './port/mailboxes.ts';
export type * from './port/objects.ts';
export type * from './port/queue.ts';
export type * from './port/search.ts';
export { services } from './port/accounts.ts';
export { MAX_MAILBOXES } from './port/mailboxes.ts';

/**
 * The store, in coarse verbs. A read answers from the state after some commit, and always sees every write whose promise
 * this process has seen resolve. A write is one transaction: when its promise resolves it is on disk, when it
 * rejects (a fault) nothing of it is. A refusal is part of the value. No transaction ever leaves the store.
 * Faults are `StoreFault`s of `fault.ts`; `StoreOverloaded` asks to come again later, `StoreClosed` tells of the end.
 * Reads may throw as well as reject: await them inside a `try`.
 */
export interface Store
  extends
    AccountStore,
    MailboxStore,
    LetterStore,
    ChangeStore,
    SearchStore,
    ObjectStore,
    QueueStore,
    CareStore {}
