import { isInbox, isMailboxName, MAX_MAILBOX_DEPTH } from './mailbox-rules.ts';
import { MAX_MAILBOXES } from './port.ts';
import type { Mailbox, MailboxId, MailboxRefusal } from './port.ts';

/** What somebody may choose of a mailbox. */
export type MailboxShape = Pick<Mailbox, 'name' | 'parent' | 'role' | 'subscribed' | 'sortOrder'>;

/** What the tree knows of a mailbox. */
type Node = Pick<Mailbox, 'id' | 'name' | 'parent' | 'role'>;

/** The mailboxes of an account as a tree. */
export class MailboxTree<Known extends Node = Node> {
  readonly #mailboxes: ReadonlyMap<MailboxId, Known>;

  constructor(mailboxes: readonly Known[]) {
    this.#mailboxes = new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox]));
  }

  find(id: MailboxId): Known | null {
    return this.#mailboxes.get(id) ?? null;
  }

  hasChildren(id: MailboxId): boolean {
    return [...this.#mailboxes.values()].some(({ parent }) => parent === id);
  }

  /** The names from the top down, with `/` between them. */
  path(shape: Pick<Mailbox, 'name' | 'parent'>): string {
    return [...this.#above(shape.parent).toReversed(), shape].map(({ name }) => name).join('/');
  }

  /** Whether the mailbox is `id` or below it. */
  isInside(mailbox: MailboxId | null, id: MailboxId): boolean {
    return this.#above(mailbox).some((above) => above.id === id);
  }

  /** Why no mailbox may have the shape beside the others; `own` is the one that has it now. */
  refusal(shape: Omit<Node, 'id'>, own: MailboxId | null): MailboxRefusal | null {
    const { name, parent, role } = shape;
    if (parent !== null && !this.#mailboxes.has(parent)) return 'no-parent';
    if (!isMailboxName(name, parent === null ? 'top' : 'below')) return 'bad-name';
    const others = [...this.#mailboxes.values()].filter(({ id }) => id !== own);
    const same = (other: string): boolean =>
      other === name || (parent === null && isInbox(other) && isInbox(name));
    if (others.some((other) => other.parent === parent && same(other.name))) return 'exists';
    if (role !== null && others.some((other) => other.role === role)) return 'role-taken';
    if (this.#above(parent).length + this.#levelsBelow(own) > MAX_MAILBOX_DEPTH) return 'too-deep';
    return own === null && this.#mailboxes.size >= MAX_MAILBOXES ? 'too-many' : null;
  }

  /** The mailbox and those above it, upwards. */
  #above(mailbox: MailboxId | null): readonly Known[] {
    const above: Known[] = [];
    for (let at = mailbox; at !== null;) {
      const found = this.#mailboxes.get(at);
      if (found === undefined) break;
      above.push(found);
      at = found.parent;
    }
    return above;
  }

  /** How many levels hang below the mailbox. */
  #levelsBelow(id: MailboxId | null): number {
    if (id === null) return 0;
    let levels = 0;
    for (const mailbox of this.#mailboxes.values()) {
      const above = this.#above(mailbox.parent);
      const at = above.findIndex((each) => each.id === id);
      levels = Math.max(levels, at + 1);
    }
    return levels;
  }
}
