import type { AccountId, Change, Store } from '../../store/port.ts';

type Listener = (mailboxes: Change['mailboxes']) => void;

/** Tells each session of its own account's changes: the store has one listener for all of them. */
export class Watchers {
  readonly #store: Pick<Store, 'onChange'>;
  readonly #byAccount = new Map<AccountId, Set<Listener>>();
  #stop: (() => void) | null = null;

  constructor(store: Pick<Store, 'onChange'>) {
    this.#store = store;
  }

  /** Calls the listener after each change of the account; returns the function that ends it. */
  watch(account: AccountId, listener: Listener): () => void {
    const listeners = this.#byAccount.get(account) ?? new Set();
    this.#byAccount.set(account, listeners);
    listeners.add(listener);
    this.#stop ??= this.#store.onChange((change) => this.#tell(change));
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#byAccount.get(account) !== listeners) return;
      this.#byAccount.delete(account);
      if (this.#byAccount.size > 0) return;
      this.#stop?.();
      this.#stop = null;
    };
  }

  #tell({ account, mailboxes }: Change): void {
    for (const listener of this.#byAccount.get(account) ?? []) listener(mailboxes);
  }
}
