/** What of a letter decides where it stands in its thread (RFC 5256 sections 2.1, 2.2 and 3). */
export type ThreadLetter = {
  readonly uid: number;
  /** When it was sent, or else came: milliseconds since 1970. */
  readonly sentAt: number;
  /** Its base subject, as it is compared. */
  readonly subject: string;
  readonly isReplyOrForward: boolean;
  /** Its message identifier; null where it has none. */
  readonly own: string | null;
  /** The identifiers of what it answers, the parent last. */
  readonly ancestors: readonly string[];
};

/** A letter and what answers it; no letter stands there where it is not in the mailbox. */
export type Thread = { readonly uid: number | null; readonly children: readonly Thread[] };

/** Letters further down begin a thread of their own: to look for circles costs their depth. */
const deepest = 1000;

type Node = {
  letter: ThreadLetter | null;
  parent: Node | null;
  /** As they were linked; sorted at the end. */
  readonly children: Set<Node>;
};

const newNode = (letter: ThreadLetter | null): Node => ({ letter, parent: null, children: new Set() });

/** By when they were sent, and of one time by uid (RFC 5256 section 2.2). */
const byDate = (one: ThreadLetter, other: ThreadLetter): number =>
  one.sentAt - other.sentAt || one.uid - other.uid;

/** ORDEREDSUBJECT (RFC 5256 section 3): letters of one base subject, the first above the others. */
export function orderedSubject(letters: readonly ThreadLetter[]): readonly Thread[] {
  const threads = [...Map.groupBy([...letters].sort(byDate), ({ subject }) => subject).values()];
  return threads.map(([first, ...others]) => ({
    uid: first?.uid ?? null,
    children: others.map(({ uid }) => ({ uid, children: [] })),
  }));
}

/** REFERENCES (RFC 5256 section 3): by what each letter says that it answers, and then by subject. */
export function references(letters: readonly ThreadLetter[]): readonly Thread[] {
  const roots = mergeBySubject(prune(link(letters)));
  return finished(roots);
}

/** Step 1: a node for each identifier, in the place that the letters give it. */
function link(letters: readonly ThreadLetter[]): readonly Node[] {
  const byId = new Map<string, Node>();
  const nodes = letters.map((letter) => {
    const known = letter.own === null ? undefined : byId.get(letter.own);
    // Of two letters with one identifier the second has none.
    if (letter.own === null || (known !== undefined && known.letter !== null)) return newNode(letter);
    const node = known ?? newNode(null);
    node.letter = letter;
    byId.set(letter.own, node);
    return node;
  });
  const nodeOf = (id: string): Node => {
    const node = byId.get(id) ?? newNode(null);
    byId.set(id, node);
    return node;
  };
  for (const [index, { ancestors }] of letters.entries()) {
    const node = nodes[index];
    let parent: Node | null = null;
    for (const id of ancestors) {
      const next = nodeOf(id);
      if (parent !== null && next.parent === null) adopt(parent, next);
      parent = next;
    }
    if (node === undefined || parent === null) continue;
    // What the letter itself says counts before what others say of it.
    leave(node);
    adopt(parent, node);
  }
  return [...new Set([...nodes, ...byId.values()])].filter(({ parent }) => parent === null);
}

/** Puts a node below another, unless it would be below itself, or too deep. */
function adopt(parent: Node, child: Node): void {
  let above: Node | null = parent;
  for (let depth = 0; above !== null; depth++) {
    if (above === child || depth > deepest) return;
    above = above.parent;
  }
  moveBelow(parent, child);
}

function leave(node: Node): void {
  node.parent?.children.delete(node);
  node.parent = null;
}

/** Step 3: nodes without a letter go, and what is below them takes their place; at the top only a single one does. */
function prune(roots: readonly Node[]): readonly Node[] {
  const top = new Set(roots);
  for (const node of below(roots).toReversed()) {
    const { letter, parent } = node;
    if (letter !== null || (parent === null && node.children.size > 1)) continue;
    for (const child of Array.from(node.children)) {
      leave(child);
      if (parent === null) top.add(child);
      else moveBelow(parent, child);
    }
    leave(node);
    top.delete(node);
  }
  return [...top];
}

function moveBelow(parent: Node, child: Node): void {
  child.parent = parent;
  parent.children.add(child);
}

/** Every node below these, and these, parents first. */
function below(roots: readonly Node[]): Node[] {
  const nodes = [...roots];
  for (let at = 0; at < nodes.length; at++) nodes.push(...(nodes[at]?.children ?? []));
  return nodes;
}

/** The letter that a node is sorted and named by: its own, or that of the first below it. */
const letterOf = (node: Node): ThreadLetter | null => node.letter ?? firstOf(node.children);

function firstOf(nodes: Iterable<Node>): ThreadLetter | null {
  let first: ThreadLetter | null = null;
  for (const { letter } of nodes)
    if (letter !== null && (first === null || byDate(letter, first) < 0)) first = letter;
  return first;
}

const byFirst = (one: Node, other: Node): number => {
  const [first, second] = [letterOf(one), letterOf(other)];
  return first === null || second === null ? 0 : byDate(first, second);
};

/** Step 5: threads of one subject are one. */
function mergeBySubject(roots: readonly Node[]): readonly Node[] {
  const ordered = [...roots].sort(byFirst);
  const bySubject = new Map<string, Node>();
  for (const node of ordered) {
    const subject = letterOf(node)?.subject ?? '';
    const known = bySubject.get(subject);
    if (subject === '') continue;
    const isBetter =
      known === undefined ||
      (node.letter === null && known.letter !== null) ||
      (known.letter?.isReplyOrForward === true && node.letter !== null && !node.letter.isReplyOrForward);
    if (isBetter) bySubject.set(subject, node);
  }
  const merged = new Set(ordered);
  for (const node of ordered) {
    const head = bySubject.get(letterOf(node)?.subject ?? '');
    if (head === undefined || head === node) continue;
    merged.delete(node);
    const top = joined(head, node);
    if (top === head) continue;
    bySubject.set(letterOf(head)?.subject ?? '', top);
    merged.delete(head);
    merged.add(top);
  }
  return [...merged];
}

/** The two as one thread: which is above which depends on what they are. */
function joined(head: Node, node: Node): Node {
  if (head.letter === null && node.letter === null) {
    for (const child of Array.from(node.children)) {
      leave(child);
      moveBelow(head, child);
    }
    return head;
  }
  const isAnswer = node.letter?.isReplyOrForward === true && head.letter?.isReplyOrForward === false;
  if (head.letter === null || isAnswer) {
    moveBelow(head, node);
    return head;
  }
  const both = newNode(null);
  moveBelow(both, head);
  moveBelow(both, node);
  return both;
}

/** Steps 4 and 6: siblings in order, from the leaves up, so that no depth takes stack. */
function finished(roots: readonly Node[]): readonly Thread[] {
  const made = new Map<Node, Thread>();
  const ordered = (nodes: Iterable<Node>): Thread[] =>
    [...nodes].sort(byFirst).flatMap((node) => made.get(node) ?? []);
  for (const node of below(roots).toReversed())
    made.set(node, { uid: node.letter?.uid ?? null, children: ordered(node.children) });
  return ordered(roots);
}

// thread-list    = "(" (thread-members / thread-nested) ")"                       (RFC 5256 section 5)
// thread-members = nz-number *(SP nz-number) [SP thread-nested]
// thread-nested  = 2*thread-list
/** Threads as a response has them, with these numbers for uids. */
export function formatThreads(threads: readonly Thread[], numberOf: (uid: number) => number): string {
  let text = '';
  /** What is to be written still, last first. */
  const waiting: (string | Thread)[] = [];
  const nested = (list: readonly Thread[]): void => {
    for (const thread of list.toReversed()) waiting.push(')', thread, '(');
  };
  nested(threads);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') {
      text += next;
      continue;
    }
    const { uid, children } = next;
    const [only] = children;
    if (uid !== null) text += numberOf(uid);
    if (uid !== null && children.length > 0) text += ' ';
    if (children.length === 1 && only !== undefined) waiting.push(only);
    else nested(children);
  }
  return text;
}
