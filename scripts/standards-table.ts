/** `docs/STANDARDS.md` as data: its tables are read by their heads, so that prose may stand around them. */

export const statuses = ['yes', 'partly', 'not yet', 'no'] as const;
export type Status = (typeof statuses)[number];

export type RfcRow = {
  readonly rfc: number;
  readonly title: string;
  readonly status: Status;
  /** Where in the source: paths in backquotes. */
  readonly where: string;
  readonly notes: string;
  readonly line: number;
};

/** An extension or a format that no RFC defines. */
export type ExtensionRow = {
  readonly extension: string;
  readonly status: Status;
  readonly where: string;
  readonly notes: string;
  readonly line: number;
};

/** A word that the server announces: an EHLO keyword, an IMAP or a POP3 capability. */
export type AnnouncedRow = {
  readonly word: string;
  readonly rfc: number | null;
  readonly status: Status;
  /** The transcript that shows it, relative to the checkout; null where none is named. */
  readonly transcript: string | null;
  readonly line: number;
};

export type Standards = {
  readonly rfcs: readonly RfcRow[];
  readonly extensions: readonly ExtensionRow[];
  readonly ehloKeywords: readonly AnnouncedRow[];
  readonly imapCapabilities: readonly AnnouncedRow[];
  readonly pop3Capabilities: readonly AnnouncedRow[];
  /** Rows that could not be read, as `line: why`. */
  readonly mistakes: readonly { readonly line: number; readonly why: string }[];
};

/** Whether a row says that there is something. */
export const isClaimed = ({ status }: { readonly status: Status }): boolean =>
  status === 'yes' || status === 'partly';

type Cells = { readonly cells: readonly string[]; readonly line: number };

/** Reads the tables of `markdown`. What cannot be read is a mistake, never left out in silence. */
export function readStandards(markdown: string): Standards {
  const tables = readTables(markdown);
  const mistakes: { line: number; why: string }[] = [];
  const read = <Row>(head: string, columns: number, make: (row: Cells) => Row | string): Row[] =>
    (tables.get(head) ?? []).flatMap((row) => {
      const made = row.cells.length === columns ? make(row) : `${row.cells.length} cells, and not ${columns}`;
      if (typeof made !== 'string') return [made];
      mistakes.push({ line: row.line, why: made });
      return [];
    });
  return {
    rfcs: read('rfc', 5, rfcRow),
    extensions: read('extension', 4, extensionRow),
    ehloKeywords: read('keyword', 4, announcedRow),
    imapCapabilities: read('capability', 4, announcedRow),
    pop3Capabilities: read('capa tag', 4, announcedRow),
    mistakes,
  };
}

/** The rows of every table by the first word of its head, in lower case. Tables with the same head are one. */
function readTables(markdown: string): Map<string, Cells[]> {
  const tables = new Map<string, Cells[]>();
  let rows: Cells[] | null = null;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (!line.startsWith('|')) rows = null;
    else if (rows === null) {
      const head = cellsOf(line)[0]?.toLowerCase() ?? '';
      rows = tables.get(head) ?? [];
      tables.set(head, rows);
    } else if (!/^\|[\s|:-]+$/.test(line)) rows.push({ cells: cellsOf(line), line: index + 1 });
  }
  return tables;
}

const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());

function rfcRow({ cells, line }: Cells): RfcRow | string {
  const [number = '', title = '', status = '', where = '', notes = ''] = cells;
  if (!/^\d{1,5}$/.test(number)) return `${number} is no RFC number`;
  if (!isStatus(status)) return `${status} is no status (${statuses.join(', ')})`;
  return { rfc: Number(number), title, status, where, notes, line };
}

function extensionRow({ cells, line }: Cells): ExtensionRow | string {
  const [extension = '', status = '', where = '', notes = ''] = cells;
  if (extension === '') return 'an extension has a name';
  if (!isStatus(status)) return `${status} is no status (${statuses.join(', ')})`;
  return { extension, status, where, notes, line };
}

function announcedRow({ cells, line }: Cells): AnnouncedRow | string {
  const [word = '', rfc = '', status = '', transcript = ''] = cells;
  if (!isStatus(status)) return `${status} is no status (${statuses.join(', ')})`;
  if (!/^(?:\d{1,5}|)$/.test(rfc)) return `${rfc} is no RFC number`;
  const file = /`([^`]+)`/.exec(transcript)?.[1] ?? null;
  return {
    word: word.replaceAll('`', ''),
    rfc: rfc === '' ? null : Number(rfc),
    status,
    transcript: file,
    line,
  };
}

const isStatus = (text: string): text is Status => statuses.some((status) => status === text);
