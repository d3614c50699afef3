import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_MAILBOXES } from './port.ts';
import { MailboxTree } from './mailbox-tree.ts';
import type { MailboxId } from './port.ts';

/** Mailboxes by their parents: the first has the number 1, and 0 is the top. */
const treeOf = (...parents: readonly number[]): MailboxTree =>
  new MailboxTree(
    parents.map((parent, index) => ({
      id: (index + 1) as MailboxId,
      name: `m${index + 1}`,
      parent: parent === 0 ? null : (parent as MailboxId),
      role: null,
    })),
  );

const wanted = (name: string, parent: number | null) => ({
  name,
  parent: parent as MailboxId | null,
  role: null,
});

test('an account has at most 10,000 mailboxes, which may still be changed', () => {
  const full = treeOf(...Array.from({ length: MAX_MAILBOXES }, () => 0));
  assert.equal(full.refusal(wanted('new', null), null), 'too-many');
  assert.equal(full.refusal(wanted('new', 1), null), 'too-many');
  assert.equal(full.refusal(wanted('new', 1), 2 as MailboxId), null);
  const almost = treeOf(...Array.from({ length: MAX_MAILBOXES - 1 }, () => 0));
  assert.equal(almost.refusal(wanted('new', null), null), null);
});

test('a path is written from the top down, and says what is inside of what', () => {
  const tree = treeOf(0, 1, 2, 0);
  assert.equal(tree.path(wanted('x', 3)), 'm1/m2/m3/x');
  assert.equal(tree.path(wanted('x', null)), 'x');
  const inside = (mailbox: number | null, id: number): boolean =>
    tree.isInside(mailbox as MailboxId | null, id as MailboxId);
  assert.deepEqual(
    [inside(3, 1), inside(1, 1), inside(1, 3), inside(4, 1), inside(null, 1)],
    [true, true, false, false, false],
  );
  assert.deepEqual([tree.hasChildren(1 as MailboxId), tree.hasChildren(3 as MailboxId)], [true, false]);
});

test('a mailbox with others below it is moved no deeper than the lowest may be', () => {
  // 33 levels, and three of their own beside them.
  const tree = treeOf(0, ...Array.from({ length: 32 }, (_, above) => above + 1), 0, 34, 35);
  const moved = (parent: number) => tree.refusal(wanted('x', parent), 34 as MailboxId);
  assert.equal(moved(31), 'too-deep');
  assert.equal(moved(30), null);
});
