import { inboxLetters, type InboxLetter } from '../../src/store/inbox.ts';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { openStore } from '../../src/store/sqlite/open.ts';
import type { AccountName, Letter, Uid, Store } from '../../src/store/port.ts';
import type { SentLetter } from './letters.ts';

/** What the letters in a data folder must be, after whatever happened to the server. */
export class Promises {
  /** Every letter that was ever tried, by the SHA-256 of its bytes. */
  readonly #letters = new Map<string, SentLetter>();
  /** Up to which letter each person's were looked at, and how many that were. */
  readonly #seen = new Map<string, { last: number; count: number }>();
  #fresh = new Set<SentLetter>();
  /** Letters that were answered 250. */
  acknowledged = 0;

  add(letter: SentLetter): void {
    this.#letters.set(letter.sha256, letter);
    this.#fresh.add(letter);
  }

  /**
   * Opens the data folder of a server that is dead and looks at what came in since the last time: each letter whole,
   * one that somebody sent, once for each recipient, and each that was answered 250 there.
   */
  async check(data: string, people: readonly string[]): Promise<void> {
    const opened = await openStore(data);
    assert.ok(opened.ok, opened.ok ? '' : opened.refusal.message);
    const store = opened.value;
    try {
      const found = new Map<SentLetter, string[]>();
      for (const name of people) {
        for (const letter of await this.#newLetters(store, name)) {
          const sent = await this.#whole(store, name, letter);
          found.set(sent, [...(found.get(sent) ?? []), name]);
        }
      }
      this.#settle(found);
    } finally {
      await store.close();
    }
  }

  /** The letters that came to a person since the last time, and that none from before is gone. */
  async #newLetters(store: Store, name: string): Promise<readonly Letter[]> {
    const account = await store.account(name as AccountName);
    assert.ok(account !== null, `the account ${name} is gone`);
    const seen = this.#seen.get(name) ?? { last: 0, count: 0 };
    const fresh: Letter[] = [];
    for (let before: Uid | null = null, more = true; more;) {
      const page: readonly InboxLetter[] = await inboxLetters(store, account.id, { count: 100, before });
      fresh.push(...page.flatMap(({ letter }) => (letter.id > seen.last ? letter : [])));
      before = page.at(-1)?.uid ?? null;
      more = before !== null && (page.at(-1)?.letter.id ?? 0) > seen.last;
    }
    const count = seen.count + fresh.length;
    const [inbox] = await store.mailboxes(account.id);
    assert.equal(inbox?.letters, count, `${name} has not the letters that were there before`);
    this.#seen.set(name, { last: Math.max(seen.last, ...fresh.map(({ id }) => id)), count });
    return fresh;
  }

  /** The letter that somebody sent, which this one is to the last byte. */
  async #whole(store: Store, name: string, letter: Letter): Promise<SentLetter> {
    const account = await store.account(name as AccountName);
    assert.ok(account !== null);
    const bytes = await store.blob(account.id, letter.id);
    assert.ok(bytes !== null, `letter ${letter.id} of ${name} has no bytes`);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assert.equal(sha256, letter.hash, `letter ${letter.id} of ${name} is not whole`);
    const sent = this.#letters.get(sha256);
    assert.ok(sent !== undefined, `letter ${letter.id} of ${name} was never sent: ${letter.summary.subject}`);
    assert.ok(this.#fresh.has(sent), `letter ${letter.id} of ${name} came a second time`);
    return sent;
  }

  #settle(found: ReadonlyMap<SentLetter, readonly string[]>): void {
    for (const sent of this.#fresh) {
      const at = found.get(sent) ?? [];
      // A letter is one transaction: without 250 it is there for each of its recipients, or for none.
      if (sent.acknowledged || at.length > 0)
        assert.deepEqual(
          at.toSorted(),
          sent.recipients.toSorted(),
          `letter ${sent.sha256} has lost a recipient`,
        );
      if (sent.acknowledged) this.acknowledged += 1;
    }
    this.#fresh = new Set();
  }

  /** What everybody must have, by the letters that were answered 250. */
  acknowledgedFor(name: string): readonly SentLetter[] {
    return [...this.#letters.values()].filter((sent) => sent.acknowledged && sent.recipients.includes(name));
  }
}
