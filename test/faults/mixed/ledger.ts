import assert from 'node:assert/strict';
import type { Attempt, Box, Effect, MadeBackup, Places } from './attempts.ts';
import type { SeenAccount, Sight } from './sight.ts';

type LetterEffect = Extract<Effect, { of: 'letter' }>;
type NewLetterEffect = Extract<Effect, { of: 'new letter' }>;

const REMOVED: Places = {};

/** One name for the places of a letter, so that two can be compared. */
const shown = (places: Places | undefined): string =>
  places === undefined
    ? 'absent'
    : Object.entries(places)
        .map(([mailbox, keywords]) => `${mailbox}(${keywords})`)
        .join(' ') || 'removed';

const keyOf = (account: number, letter: number): string => `${account}/${letter}`;

const isDone = ({ doneAt }: Attempt): boolean => doneAt !== null;

/**
 * What a data folder has to have in it, after whatever happened to those who wrote: everything as it was before, but
 * for what was begun since; all that was answered; and of what was begun and not answered all of its effects or none.
 */
export class Ledger {
  #before: Sight;
  /** Letters that were let go of, or may be: `tidy` takes them when it likes. */
  readonly #gone = new Set<string>();
  /** What was answered so far. */
  writes = 0;

  constructor(sight: Sight) {
    this.#before = sight;
  }

  /** Asserts that the folder is as it must be, and takes it for what was before from now on. */
  settle(sight: Sight, attempts: readonly Attempt[]): void {
    const inOrder = attempts.toSorted((one, other) => one.begunAt - other.begunAt);
    const verdicts = new Verdicts();
    for (const [id, now] of sight.accounts) {
      const before = this.#before.accounts.get(id);
      assert.ok(before !== undefined, `account ${id} was not there before`);
      this.#settleLetters(id, before, now, inOrder, verdicts);
      settleMailboxes(id, before, now, inOrder, verdicts);
      compareNumbers(id, before, now);
    }
    assert.equal(sight.accounts.size, this.#before.accounts.size, 'an account is gone');
    settleQueue(this.#before.queue, sight.queue, inOrder, verdicts);
    this.writes += attempts.filter(isDone).length;
    this.#before = sight;
  }

  #settleLetters(
    account: number,
    before: SeenAccount,
    now: SeenAccount,
    attempts: readonly Attempt[],
    verdicts: Verdicts,
  ): void {
    const expected = new Map<number, Places>([...before.letters].map(([id, { places }]) => [id, places]));
    for (const [id, places] of settleNew(account, before, now, attempts, verdicts)) expected.set(id, places);
    const open = new Map<number, { readonly attempt: Attempt; readonly effect: LetterEffect }>();
    for (const attempt of attempts)
      for (const effect of attempt.effects) {
        if (effect.of !== 'letter' || effect.account !== account) continue;
        if (isDone(attempt)) expected.set(effect.letter, effect.after);
        else open.set(effect.letter, { attempt, effect });
      }
    for (const id of new Set([...expected.keys(), ...now.letters.keys()])) {
      const [wanted, found] = [expected.get(id), now.letters.get(id)?.places];
      const begun = open.get(id);
      if (begun === undefined) this.#compare(account, id, wanted, found);
      else this.#decide({ account, id, wanted, found }, begun, verdicts);
      if (found === undefined) this.#gone.add(keyOf(account, id));
    }
  }

  /** A letter that nobody was in the middle of doing something with. */
  #compare(account: number, id: number, wanted: Places | undefined, found: Places | undefined): void {
    if (found === undefined) {
      // Removed before this round, and let go of since.
      const was = this.#before.accounts.get(account)?.letters.get(id)?.places;
      if (shown(wanted) === shown(REMOVED) && shown(was) === shown(REMOVED)) return;
    }
    assert.equal(shown(found), shown(wanted), `letter ${id} of account ${account}`);
    assert.ok(!this.#gone.has(keyOf(account, id)), `letter ${id} of account ${account} came back`);
  }

  #decide(
    {
      account,
      id,
      wanted,
      found,
    }: {
      readonly account: number;
      readonly id: number;
      readonly wanted: Places | undefined;
      readonly found: Places | undefined;
    },
    { attempt, effect }: { readonly attempt: Attempt; readonly effect: LetterEffect },
    verdicts: Verdicts,
  ): void {
    const what = `letter ${id} of account ${account}, ${shown(wanted)} before`;
    const seen = shown(found ?? REMOVED);
    if (seen === shown(wanted) && seen === shown(effect.after)) return;
    if (seen === shown(effect.after)) verdicts.note(attempt, 'made', what);
    else if (seen === shown(wanted)) verdicts.note(attempt, 'not made', what);
    else assert.fail(`${what}: ${shown(found)}, and it was to become ${shown(effect.after)}`);
  }

  /** Asserts that a backup that was made meanwhile has each letter as it was at some time while it was made. */
  checkBackup(
    restored: Sight,
    { begunAt, doneAt }: MadeBackup,
    now: Sight,
    attempts: readonly Attempt[],
  ): void {
    for (const [account, { letters }] of now.accounts) {
      const copy = restored.accounts.get(account);
      assert.ok(copy !== undefined, `the backup lacks account ${account}`);
      for (const id of new Set([...letters.keys(), ...copy.letters.keys()])) {
        const subject = (letters.get(id) ?? copy.letters.get(id))?.subject ?? '';
        const was = this.#before.accounts.get(account)?.letters.get(id)?.places;
        const allowed = statesBetween(was, historyOf(attempts, account, id, subject), begunAt, doneAt);
        const found = shown(copy.letters.get(id)?.places);
        const isLetGo = found === 'absent' && allowed.includes('removed');
        assert.ok(
          isLetGo || allowed.includes(found),
          `backup, letter ${id} of ${account}: ${found}, not ${allowed.join(' | ')}`,
        );
      }
    }
  }
}

/** What is known of the attempts that were never answered. */
class Verdicts {
  readonly #known = new Map<Attempt, { readonly verdict: 'made' | 'not made'; readonly by: string }>();

  note(attempt: Attempt, verdict: 'made' | 'not made', by: string): void {
    const known = this.#known.get(attempt);
    if (known === undefined) this.#known.set(attempt, { verdict, by });
    else
      assert.equal(
        verdict,
        known.verdict,
        `half a write: ${by} (${verdict}), ${known.by} (${known.verdict})`,
      );
  }
}

const newLetters = (attempt: Attempt, account: number): readonly NewLetterEffect[] =>
  attempt.effects.filter(
    (effect): effect is NewLetterEffect => effect.of === 'new letter' && effect.account === account,
  );

/** What was sent under one subject: how often that was answered, what was not, and what is to be there. */
type Sent = { done: number; readonly open: Attempt[]; readonly hash: string; readonly after: Places };

function sentTo(account: number, attempts: readonly Attempt[]): ReadonlyMap<string, Sent> {
  const sent = new Map<string, Sent>();
  for (const attempt of attempts)
    for (const { subject, hash, after } of newLetters(attempt, account)) {
      const known = sent.get(subject) ?? { done: 0, open: [], hash, after };
      if (isDone(attempt)) known.done += 1;
      else known.open.push(attempt);
      sent.set(subject, known);
    }
  return sent;
}

/** The letters that came, each with where it came to: those that were answered, and of the others so many as there are. */
function settleNew(
  account: number,
  before: SeenAccount,
  now: SeenAccount,
  attempts: readonly Attempt[],
  verdicts: Verdicts,
): ReadonlyMap<number, Places> {
  const came = new Map<string, number[]>();
  for (const [id, { subject }] of now.letters)
    if (!before.letters.has(id)) came.set(subject, [...(came.get(subject) ?? []), id]);
  const expected = new Map<number, Places>();
  for (const [subject, { done, open, hash, after }] of sentTo(account, attempts)) {
    const ids = came.get(subject) ?? [];
    const what = `letter ${subject} of account ${account}`;
    assert.ok(ids.length >= done, `${what} is lost: ${ids.length} of ${done} that were answered`);
    assert.ok(
      ids.length <= done + open.length,
      `${what} is there ${ids.length} times, sent ${done + open.length}`,
    );
    for (const id of ids) {
      expected.set(id, after);
      assert.equal(now.letters.get(id)?.hash ?? hash, hash, `${what} has other bytes`);
    }
    const [only] = open;
    if (only !== undefined && open.length === 1)
      verdicts.note(only, ids.length > done ? 'made' : 'not made', what);
    came.delete(subject);
  }
  assert.deepEqual([...came], [], `account ${account} has letters that nobody sent`);
  return expected;
}

function settleMailboxes(
  account: number,
  before: SeenAccount,
  now: SeenAccount,
  attempts: readonly Attempt[],
  verdicts: Verdicts,
): void {
  const expected = new Map([...before.mailboxes].map(([id, box]) => [id, nameOf(box)]));
  const names = new Map([...now.mailboxes].map(([id, box]) => [nameOf(box), id]));
  for (const attempt of attempts)
    for (const effect of attempt.effects) {
      if (!('account' in effect) || effect.account !== account) continue;
      if (effect.of === 'mailbox') settleMailbox(effect, attempt, now, expected, verdicts);
      if (effect.of !== 'new mailbox') continue;
      const id = attempt.mailbox ?? names.get(nameOf(effect.after));
      if (id !== undefined) expected.set(id, nameOf(effect.after));
      if (!isDone(attempt)) verdicts.note(attempt, id === undefined ? 'not made' : 'made', effect.after.name);
    }
  const found = new Map([...now.mailboxes].map(([id, box]) => [id, nameOf(box)]));
  for (const id of new Set([...expected.keys(), ...found.keys()]))
    assert.equal(found.get(id) ?? 'none', expected.get(id), `mailbox ${id} of account ${account}`);
}

const nameOf = (box: Box | null | undefined): string =>
  box === null || box === undefined ? 'none' : `${box.parent}/${box.name}`;

/** A mailbox that was given another name, or removed. */
function settleMailbox(
  { account, mailbox, after }: Extract<Effect, { of: 'mailbox' }>,
  attempt: Attempt,
  now: SeenAccount,
  expected: Map<number, string>,
  verdicts: Verdicts,
): void {
  if (isDone(attempt)) return void expected.set(mailbox, nameOf(after));
  const found = nameOf(now.mailboxes.get(mailbox));
  const wanted = expected.get(mailbox);
  const what = `mailbox ${mailbox} of account ${account}, ${wanted} before`;
  if (found === nameOf(after)) verdicts.note(attempt, 'made', what);
  else if (found === wanted) verdicts.note(attempt, 'not made', what);
  else assert.fail(`${what}: ${found}`);
  expected.set(mailbox, found);
  return undefined;
}

/** What only ever goes up, and what a uid means, which never changes. */
function compareNumbers(account: number, before: SeenAccount, now: SeenAccount): void {
  for (const [id, was] of before.mailboxes) {
    const is = now.mailboxes.get(id);
    if (is === undefined) continue;
    const what = `mailbox ${id} of account ${account}`;
    assert.equal(is.uidValidity, was.uidValidity, what);
    assert.ok(is.uidNext >= was.uidNext && is.modSeq >= was.modSeq, `${what} counts backwards`);
    for (const [uid, letter] of is.letters)
      if (uid < was.uidNext) assert.equal(letter, was.letters.get(uid), `uid ${uid} of ${what}`);
  }
}

function settleQueue(
  before: readonly string[],
  now: readonly string[],
  attempts: readonly Attempt[],
  verdicts: Verdicts,
): void {
  const waiting = new Set(before);
  for (const attempt of attempts)
    for (const effect of attempt.effects) {
      if (effect.of !== 'new entry' && effect.of !== 'entry') continue;
      const { destination, of } = effect;
      const isMade = now.includes(destination) === (of === 'new entry');
      if (!isDone(attempt)) verdicts.note(attempt, isMade ? 'made' : 'not made', destination);
      if (isDone(attempt) || isMade) waiting[of === 'new entry' ? 'add' : 'delete'](destination);
    }
  assert.deepEqual(now.toSorted(), [...waiting].sort(), 'what waits in the queue');
}

type Step = { readonly places: Places; readonly begunAt: number; readonly doneAt: number | null };

/** What was to become of a letter, in order; of one that came meanwhile with its coming. */
function historyOf(
  attempts: readonly Attempt[],
  account: number,
  id: number,
  subject: string,
): readonly Step[] {
  const inOrder = attempts.toSorted((one, other) => one.begunAt - other.begunAt);
  return inOrder.flatMap(({ effects, begunAt, doneAt }) =>
    effects.flatMap((effect): readonly Step[] => {
      const isIt =
        (effect.of === 'letter' && effect.letter === id) ||
        (effect.of === 'new letter' && effect.subject === subject);
      return isIt && effect.account === account ? [{ places: effect.after, begunAt, doneAt }] : [];
    }),
  );
}

/** The states in which somebody may have found a letter who looked once between two moments. */
function statesBetween(
  before: Places | undefined,
  steps: readonly Step[],
  begunAt: number,
  doneAt: number,
): readonly string[] {
  const states = [{ places: before, begunAt: 0, doneAt: 0 as number | null }, ...steps];
  const last = states.findLastIndex((state) => state.doneAt !== null && state.doneAt < begunAt);
  return states
    .filter((state, index) => index >= last && state.begunAt <= doneAt)
    .map(({ places }) => shown(places));
}
