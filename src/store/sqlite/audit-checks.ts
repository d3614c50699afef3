/** Every reference to a blob. */
const REFERENCES = 'SELECT blob FROM letter UNION ALL SELECT blob FROM queue_entry';
/** Where letters say that they lie. */
const PLACES = `SELECT account, mailbox, uid, id AS letter FROM letter WHERE mailbox <> 0
  UNION ALL SELECT l.account, f.mailbox, f.uid, f.letter FROM further_place f JOIN letter l ON l.id = f.letter`;
const PLACED = `SELECT account, mailbox, count(*) AS letters, sum(served_bytes) AS bytes, sum(flags & 1 = 0) AS unseen,
  sum(flags & 8 <> 0) AS deleted, max(uid) AS uid, max(mod_seq) AS mod_seq, max(received_at) AS received_at
  FROM placement GROUP BY account, mailbox`;
const GONE =
  'SELECT account, mailbox, max(uid) AS uid, max(mod_seq) AS mod_seq FROM gone_placement GROUP BY account, mailbox';
const ORPHANS = (table: string): readonly [string, string] => [
  `${table}: account`,
  `SELECT account FROM ${table} t WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.id = t.account)`,
];

/**
 * What is true of every data folder. Each gives one row for each contradiction that it finds; what it found is its first
 * column. Counts are made for all at once: one scan for each blob would take hours where there are many. An account that
 * was removed has letters until `tidy` has let go of them, and no mailboxes.
 */
export const AUDIT_CHECKS: ReadonlyMap<string, string> = new Map([
  [
    'blob: references',
    `SELECT hex(b.hash) FROM blob b LEFT JOIN (SELECT blob, count(*) AS refs FROM (${REFERENCES}) GROUP BY blob) r
    ON r.blob = b.id WHERE b.refs <> coalesce(r.refs, 0) OR b.refs <= 0`,
  ],
  [
    'letter: blob',
    `SELECT account || '/' || id FROM letter l WHERE NOT EXISTS
    (SELECT 1 FROM blob b WHERE b.hash = l.hash AND b.id = l.blob AND b.size_bytes = l.size_bytes)`,
  ],
  [
    'queue: blob',
    `SELECT id FROM queue_entry q WHERE NOT EXISTS
    (SELECT 1 FROM blob b WHERE b.hash = q.hash AND b.id = q.blob AND b.size_bytes = q.size_bytes)`,
  ],
  [
    'letter: neither placed nor removed, or both',
    `SELECT account || '/' || id FROM letter l WHERE
    EXISTS (SELECT 1 FROM (${PLACES}) p WHERE p.letter = l.id)
    = EXISTS (SELECT 1 FROM removed_letter r WHERE r.account = l.account AND r.letter = l.id)`,
  ],
  [
    'letter: place',
    `SELECT p.account || '/' || p.letter FROM (${PLACES}) p WHERE NOT EXISTS
    (SELECT 1 FROM placement q WHERE q.account = p.account AND q.mailbox = p.mailbox AND q.uid = p.uid AND q.letter = p.letter)`,
  ],
  [
    'placement: letter',
    `SELECT account || '/' || letter FROM placement p WHERE NOT EXISTS
    (SELECT 1 FROM letter l WHERE l.id = p.letter AND l.account = p.account AND l.thread = p.thread
      AND l.served_bytes = p.served_bytes AND l.received_at = p.received_at
      AND ((l.mailbox = p.mailbox AND l.uid = p.uid) OR EXISTS
        (SELECT 1 FROM further_place f WHERE f.letter = p.letter AND f.mailbox = p.mailbox AND f.uid = p.uid)))`,
  ],
  [
    'removed letter: letter',
    `SELECT account || '/' || letter FROM removed_letter r WHERE NOT EXISTS
    (SELECT 1 FROM letter l WHERE l.id = r.letter AND l.account = r.account)`,
  ],
  [
    'placement: mailbox',
    `SELECT p.account || '/' || p.letter FROM placement p JOIN account a ON a.id = p.account AND a.removed_at IS NULL
    WHERE NOT EXISTS (SELECT 1 FROM mailbox m WHERE m.account = p.account AND m.id = p.mailbox)`,
  ],
  [
    'placement: not found as changed',
    `SELECT account || '/' || mailbox || '/' || uid FROM (SELECT account, mailbox, uid, mod_seq, max(mod_seq) OVER (PARTITION BY
    account, mailbox ORDER BY uid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM placement WHERE changed = 0)
    WHERE mod_seq < before`,
  ],
  [
    'placement: not found as out of order',
    `SELECT account || '/' || mailbox || '/' || uid FROM (SELECT account, mailbox, uid, received_at, max(received_at) OVER
    (PARTITION BY account, mailbox ORDER BY uid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM placement WHERE out_of_order = 0) WHERE received_at < before`,
  ],
  [
    'mailbox: counts',
    `SELECT m.account || '/' || m.id FROM mailbox m LEFT JOIN (${PLACED}) p ON p.account = m.account AND p.mailbox = m.id
    WHERE m.letters <> coalesce(p.letters, 0) OR m.size_bytes <> coalesce(p.bytes, 0)
    OR m.unseen <> coalesce(p.unseen, 0) OR m.deleted <> coalesce(p.deleted, 0)`,
  ],
  [
    'mailbox: uidnext',
    `SELECT m.account || '/' || m.id FROM mailbox m LEFT JOIN (${PLACED}) p ON p.account = m.account AND p.mailbox = m.id
    LEFT JOIN (${GONE}) g ON g.account = m.account AND g.mailbox = m.id
    WHERE m.uid_next <= max(coalesce(p.uid, 0), coalesce(g.uid, 0))`,
  ],
  [
    'mailbox: modseq',
    `SELECT m.account || '/' || m.id FROM mailbox m JOIN account a ON a.id = m.account
    LEFT JOIN (${PLACED}) p ON p.account = m.account AND p.mailbox = m.id
    LEFT JOIN (${GONE}) g ON g.account = m.account AND g.mailbox = m.id
    WHERE m.highest_mod_seq < max(coalesce(p.mod_seq, 0), coalesce(g.mod_seq, 0), m.created_mod_seq)
    OR m.highest_mod_seq > m.mod_seq OR m.mod_seq > a.mod_seq OR m.latest_received_at < coalesce(p.received_at, 0)`,
  ],
  [
    'mailbox: parent',
    `SELECT account || '/' || id FROM mailbox m WHERE parent <> 0
    AND NOT EXISTS (SELECT 1 FROM mailbox o WHERE o.account = m.account AND o.id = m.parent)`,
  ],
  [
    'mailbox: role twice',
    `SELECT account || '/' || role FROM mailbox WHERE role IS NOT NULL GROUP BY account, role HAVING count(*) > 1`,
  ],
  [
    'account: INBOX',
    `SELECT id FROM account a WHERE removed_at IS NULL AND 1 <>
    (SELECT count(*) FROM mailbox m WHERE m.account = a.id AND m.role = 'inbox' AND m.name = 'INBOX' AND m.parent = 0)`,
  ],
  [
    'account: next numbers',
    `SELECT id FROM account a WHERE next_mailbox <= (SELECT coalesce(max(id), 0) FROM mailbox m WHERE m.account = a.id)
    OR last_uid_validity < (SELECT coalesce(max(uid_validity), 0) FROM mailbox m WHERE m.account = a.id)
    OR floor_mod_seq > mod_seq OR change_seq > (SELECT value FROM counter WHERE name = 'change_seq')`,
  ],
  [
    'counter: next letter',
    `SELECT value FROM counter WHERE name = 'next_letter' AND value <= (SELECT coalesce(max(id), 0) FROM letter)`,
  ],
  [
    'counter: next blob',
    `SELECT value FROM counter WHERE name = 'next_blob' AND value <=
    (SELECT coalesce(max(id + coalesce(nullif(chunks, 0), 1)), 0) - 1 FROM blob)`,
  ],
  [
    'counter: next segment',
    `SELECT value FROM counter WHERE name = 'next_segment' AND value <= (SELECT coalesce(max(id), 0) FROM segment)`,
  ],
  [
    'account: usage',
    `SELECT a.id FROM account a LEFT JOIN (SELECT account, count(*) AS letters, sum(served_bytes) AS bytes
      FROM (SELECT DISTINCT account, letter, served_bytes FROM placement) GROUP BY account) p ON p.account = a.id
    WHERE a.removed_at IS NULL AND (a.used_letters <> coalesce(p.letters, 0) OR a.used_bytes <> coalesce(p.bytes, 0))`,
  ],
  [
    'thread: letter',
    `SELECT account || '/' || thread || '/' || letter FROM thread_letter t WHERE NOT EXISTS
    (SELECT 1 FROM letter l WHERE l.id = t.letter AND l.account = t.account AND l.thread = t.thread)`,
  ],
  [
    'letter: thread',
    `SELECT account || '/' || id FROM letter l WHERE thread <> id AND NOT EXISTS
    (SELECT 1 FROM thread_letter t WHERE t.account = l.account AND t.thread = l.thread AND t.letter = l.id)`,
  ],
  ...[
    'verifier',
    'app_password',
    'account_certificate',
    'mailbox',
    'placement',
    'object',
    'lost_subscription',
    'removed_letter',
    'gone',
    'gone_placement',
    'thread_key',
  ].map(ORPHANS),
  [
    'segment: used',
    `SELECT s.id FROM segment s LEFT JOIN (SELECT segment, sum(coalesce(zstd_bytes, size_bytes)) AS bytes,
    max(segment_offset + coalesce(zstd_bytes, size_bytes)) AS end
    FROM blob WHERE segment IS NOT NULL GROUP BY segment) b ON b.segment = s.id
    WHERE s.used_bytes <> coalesce(b.bytes, 0) OR s.used_bytes <= 0 OR s.size_bytes < b.end`,
  ],
  [
    'segment: overlap',
    `SELECT segment || '/' || segment_offset FROM (SELECT segment, segment_offset, max(segment_offset + coalesce(zstd_bytes, size_bytes)) OVER
    (PARTITION BY segment ORDER BY segment_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM blob WHERE segment IS NOT NULL) WHERE segment_offset < before`,
  ],
  [
    'blob: segment',
    `SELECT hex(hash) FROM blob b WHERE segment IS NOT NULL
    AND (chunks IS NOT 0 OR NOT EXISTS (SELECT 1 FROM segment s WHERE s.id = b.segment))`,
  ],
  [
    'chunk: blob',
    `SELECT count(*) FROM blob_chunk HAVING count(*) <> (SELECT coalesce(sum(chunks), 0) FROM blob)`,
  ],
]);
