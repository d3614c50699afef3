/** What somebody finds after a crash at a point, and after a power failure, which takes what was not synced. */
export type Finds = 'nothing' | 'all' | 'all, or nothing after a power failure';

/** A moment in the middle of something. */
export type Point = {
  readonly point: string;
  /** The step of a program (`steps.child.ts`) that it is before or after. */
  readonly step: string;
  readonly finds: Finds;
};

const point = (name: string, step: string, finds: Finds): Point => ({ point: name, step, finds });

const part = 'data/blobs/ab/HASH.part';
const blob = 'data/blobs/ab/HASH';
const segment = 'data/blobs/segments';
const spool = 'data/blobs/spool/PID-UUID';
const draft = 'data/letterlock.db.new-UUID';
const object = 'backups/drafts/PID-UUID';
const restored = 'back.restoring-UUID';
const memory = 'data/imports/1-1';

/** The last moments of every transaction. */
const transaction = [
  point('rows written', 'before COMMIT', 'nothing'),
  point('accepted', 'after COMMIT', 'all'),
] as const;

/** The named points of each scenario, in their order; docs/STORE.md has them in the same words. */
export const points: ReadonlyMap<string, readonly Point[]> = new Map([
  [
    'deliver a small letter',
    [
      point('waiting', 'before BEGIN IMMEDIATE', 'nothing'),
      point('transaction begun', 'after BEGIN IMMEDIATE', 'nothing'),
      ...transaction,
    ],
  ],
  [
    'deliver a letter of middle length',
    [
      point('segment begun', `after open ${segment}/1`, 'nothing'),
      point('bytes in a segment', `after write ${segment}/1`, 'nothing'),
      point('segment synced', `after sync ${segment}/1`, 'nothing'),
      ...transaction,
    ],
  ],
  [
    'deliver a large letter',
    [
      point('file begun', `after open ${part}`, 'nothing'),
      point('file written', `after write ${part}`, 'nothing'),
      point('file synced', `after sync ${part}`, 'nothing'),
      point('file named', `after name ${blob}`, 'nothing'),
      point('name synced', 'after sync data/blobs/ab', 'nothing'),
      ...transaction,
    ],
  ],
  [
    'deliver a spooled letter',
    [
      point('spool begun', `after open ${spool}`, 'nothing'),
      point('spool written', `after write ${spool}`, 'nothing'),
      point('spool synced', `after sync ${spool}`, 'nothing'),
      point('spool linked', `after link ${blob}`, 'nothing'),
      point('name synced', 'after sync data/blobs/ab', 'nothing'),
      ...transaction,
      point('spool given up', `after remove ${spool}`, 'all'),
    ],
  ],
  [
    'move',
    [
      point('out of the one mailbox', 'after DELETE FROM placement', 'nothing'),
      point('into the other', 'after INSERT INTO placement', 'nothing'),
      ...transaction,
    ],
  ],
  [
    'expunge',
    [
      point('out of the mailbox', 'after DELETE FROM placement', 'nothing'),
      point('kept as removed', 'after INSERT INTO removed_letter', 'nothing'),
      ...transaction,
    ],
  ],
  [
    'remove a mailbox',
    [point('letters gone', 'after INSERT INTO gone_placement#2', 'nothing'), ...transaction],
  ],
  [
    'tidy',
    [
      ...transaction,
      point('file removed', `after remove ${blob}`, 'all'),
      point('second transaction done', 'after COMMIT#2', 'all'),
    ],
  ],
  [
    'move out of a segment',
    [
      point('copied', `after write ${segment}/2`, 'nothing'),
      point('copy synced', `after sync ${segment}/2`, 'nothing'),
      // The transaction before has nothing to let go of.
      point('rows written', 'before COMMIT#2', 'nothing'),
      point('accepted', 'after COMMIT#2', 'all'),
      point('segment removed', `after remove ${segment}/1`, 'all'),
    ],
  ],
  [
    'new folder',
    [
      point('draft begun', `after open ${draft}`, 'nothing'),
      point('draft written', `before sync ${draft}`, 'nothing'),
      point('draft synced', `after sync ${draft}`, 'nothing'),
      point('database named', 'after link data/letterlock.db', 'all, or nothing after a power failure'),
      point('name synced', 'after sync data', 'all'),
      point('draft removed', `after remove ${draft}`, 'all'),
    ],
  ],
  [
    'migration',
    [
      point('begun', 'after BEGIN IMMEDIATE', 'nothing'),
      point('changed', 'before COMMIT', 'nothing'),
      point('one step done', 'after COMMIT', 'nothing'),
      point('last step done', 'before PRAGMA wal_checkpoint', 'all'),
      point('in the file itself', 'after PRAGMA wal_checkpoint', 'all'),
    ],
  ],
  [
    'backup',
    [
      point('object written', `after write ${object}`, 'nothing'),
      point('object synced', `after sync ${object}`, 'nothing'),
      point('object named', 'after name backups/objects/ab/HASH', 'nothing'),
      point('state taken', 'after BEGIN', 'nothing'),
      point('database copied', `before open ${object}#2`, 'nothing'),
      point('manifest synced', 'before link backups/backups/MOMENT.json', 'nothing'),
      point(
        'manifest named',
        'after link backups/backups/MOMENT.json',
        'all, or nothing after a power failure',
      ),
      point('name synced', 'after sync backups/backups', 'all'),
    ],
  ],
  [
    'restore',
    [
      point('database written', `after write ${restored}/letterlock.db`, 'nothing'),
      point('file written', `after sync ${restored}/blobs/ab/HASH`, 'nothing'),
      point('verified', 'before name back', 'nothing'),
      point('folder named', 'after name back', 'all, or nothing after a power failure'),
    ],
  ],
  [
    'import',
    [
      point('group noted', `after write ${memory}`, 'nothing'),
      point('note synced', `after sync ${memory}`, 'nothing'),
      ...transaction,
      point('outcome noted', `after write ${memory}#2`, 'all'),
    ],
  ],
]);
