import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * One line of a golden transcript.
 *
 *     # a comment            = settings of the session, at the top
 *     > an event             C: a line from the client      c: raw bytes with escapes, no CRLF added
 *     !: a verdict           T: time passes
 *     S: a line from the server   ?: a question   B: content handed on   X: what was done to the connection
 *     R: what a client's caller is told
 *
 * Where the client's engine is under play, it is the server's lines that come in: S: and s: (raw) are heard, C: is said.
 */
export type Item = {
  readonly mark: '#' | '=' | '>' | 'C:' | 'c:' | '!:' | 'T:' | Output['mark'];
  readonly text: string;
};

/** What a session gave, one line each. */
export type Output = { readonly mark: 'S:' | '?:' | 'B:' | 'X:' | 'R:'; readonly text: string };

/** Whose engine is under play. Inside, `C:` is what it hears and `S:` what it says; a client's file has them exchanged. */
export type Side = 'server' | 'client';

const exchanged = new Map<string, string>([
  ['C:', 'S:'],
  ['S:', 'C:'],
  ['c:', 's:'],
  ['s:', 'c:'],
]);

/** A mark as the file has it for the mark inside, and the reverse. */
const markFor = (side: Side, mark: string): string =>
  side === 'client' ? (exchanged.get(mark) ?? mark) : mark;

const row = (side: Side, { mark, text }: Output | Item): string => `${markFor(side, mark)} ${text}`.trimEnd();

/** A session under play: the adapter between the words of a transcript and one protocol's engine. */
export interface Played {
  /** `> text` */
  event(text: string): void;
  bytes(chunk: Buffer): void;
  /** `!: text` */
  verdict(text: string): void;
  /** `T:` */
  time(): void;
  readonly asking: boolean;
  readonly closed: boolean;
  /** The verdict for the open question where a transcript under `UPDATE=1` names none. */
  readonly usualVerdict: string;
  /** Everything since the last call; content is merged by the caller. */
  outputs(): Output[];
}

const outputMarks = new Set<string>(['S:', '?:', 'B:', 'X:', 'R:']);
const line = /^(#|=|>|C:|c:|!:|T:|S:|s:|\?:|B:|X:|R:) ?(.*)$/;

/** Reads a transcript; a line of no known mark is an error that names it. */
function parseScript(text: string, name: string, side: Side = 'server'): Item[] {
  return text
    .split('\n')
    .map((written, index) => ({ written, index }))
    .filter(({ written }) => written !== '')
    .map(({ written, index }) => {
      const match = line.exec(written);
      assert(
        match,
        `${name}:${index + 1}: a transcript line begins with one of # = > C: c: !: T: S: s: ?: B: X: R:`,
      );
      return { mark: markFor(side, match[1] ?? '') as Item['mark'], text: match[2] ?? '' };
    });
}

/** `\r`, `\n`, `\t`, `\\`, `\xHH`, and `\*N{text}` for N times the text. */
export function unescape(text: string): Buffer {
  const parts: Buffer[] = [];
  const escapes = /\\(?:([rnt\\])|x([0-9a-fA-F]{2})|\*(\d+)\{([^}]*)\})/g;
  let from = 0;
  for (const match of text.matchAll(escapes)) {
    parts.push(Buffer.from(text.slice(from, match.index)));
    const [whole, simple, hex, times, repeated] = match;
    if (simple !== undefined) parts.push(Buffer.from({ r: '\r', n: '\n', t: '\t' }[simple] ?? simple));
    else if (hex !== undefined) parts.push(Buffer.from(hex, 'hex'));
    else
      parts.push(
        Buffer.from(
          unescape(repeated ?? '')
            .toString('latin1')
            .repeat(Number(times)),
          'latin1',
        ),
      );
    from = match.index + whole.length;
  }
  parts.push(Buffer.from(text.slice(from)));
  return Buffer.concat(parts);
}

/** Bytes as a transcript shows them. */
export function shownBytes(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll(/[^ -~]|\\/g, (c) => {
    const known = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '\\': '\\\\' }[c];
    return known ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** How the client's bytes are cut: as lines, one by one, or all that stand together at once. */
export type Cut = 'lines' | 'bytes' | 'at once';

const everyCut = ['lines', 'bytes', 'at once'] as const;
/** The setting of a transcript whose point is that bytes come in one packet. */
const whole = 'one packet';

/** Plays the script; the session's outputs in order. Verdicts are given whenever a question is open. */
function play(
  script: readonly Item[],
  open: (settings: readonly string[]) => Played,
  cut: Cut,
  side: Side = 'server',
): Output[] {
  const session = open(settingsOf(script));
  const verdicts = script.filter(({ mark }) => mark === '!:').map(({ text }) => text);
  const outputs: Output[] = [];
  const settle = (): void => {
    outputs.push(...session.outputs());
    while (session.asking) {
      const verdict = verdicts.shift();
      assert(verdict !== undefined, 'a question is open and the transcript has no more verdicts');
      session.verdict(verdict);
      outputs.push(...session.outputs());
    }
  };
  for (const { mark, bytes, text } of steps(script, cut, side)) {
    if (mark === '>') session.event(text);
    else if (mark === 'T:') session.time();
    else if (cut === 'bytes') for (let at = 0; at < bytes.length; at += 1) feed(bytes.subarray(at, at + 1));
    else feed(bytes);
    settle();
  }
  assert.equal(
    verdicts.length,
    0,
    'verdicts are left over: fewer questions were asked than the transcript answers',
  );
  return merged(outputs);

  function feed(chunk: Buffer): void {
    if (session.closed) return;
    session.bytes(Buffer.from(chunk));
    settle();
  }
}

const settingsOf = (script: readonly Item[]): string[] =>
  script.filter(({ mark, text }) => mark === '=' && text !== whole).map(({ text }) => text);

type Step = { readonly mark: '>' | 'T:' | 'bytes'; readonly bytes: Buffer; readonly text: string };

function steps(script: readonly Item[], cut: Cut, side: Side): Step[] {
  const found: Step[] = [];
  let isAnswer = false;
  for (const { mark, text } of script) {
    if (mark === '>' || mark === 'T:') found.push({ mark, text, bytes: Buffer.alloc(0) });
    // A client may send many commands ahead; a server cannot answer what was not said.
    if (side === 'client' && (mark === 'S:' || mark === 'B:')) isAnswer = true;
    if (mark !== 'C:' && mark !== 'c:') continue;
    const bytes = mark === 'C:' ? Buffer.from(`${text}\r\n`) : unescape(text);
    const last = found.at(-1);
    if (cut === 'at once' && last?.mark === 'bytes' && !isAnswer) {
      found[found.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, bytes]) };
    } else found.push({ mark: 'bytes', text, bytes });
    isAnswer = false;
  }
  return found;
}

/** Content that comes in several pieces is one output, shown a text line a row. */
function merged(outputs: readonly Output[]): Output[] {
  const result: Output[] = [];
  let content: string | null = null;
  const flush = (): void => {
    if (content === null) return;
    for (const text of content.match(/.*?\\n|.+$/g) ?? []) result.push({ mark: 'B:', text });
    content = null;
  };
  for (const output of outputs) {
    if (output.mark === 'B:') content = (content ?? '') + output.text;
    else {
      flush();
      result.push(output);
    }
  }
  flush();
  return result.map(({ mark, text }) => ({ mark, text: mark === 'B:' ? collapse(text) : text }));
}

const collapse = (text: string): string =>
  text.replaceAll(/([^\\])\1{79,}/g, (run, character: string) => `\\*${run.length}{${character}}`);

/** Plays a file in all three cuts and compares; with `UPDATE=1` in the environment its outputs are written anew first. */
export function playFile(
  file: URL,
  open: (settings: readonly string[]) => Played,
  side: Side = 'server',
): void {
  const name = file.pathname.split('/').at(-1) ?? '';
  let script = parseScript(readFileSync(file, 'utf8'), name, side);
  if (process.env['UPDATE'] === '1') {
    writeFileSync(file, rewritten(script, open, side));
    script = parseScript(readFileSync(file, 'utf8'), name, side);
  }
  const expected = script.filter(({ mark }) => outputMarks.has(mark)).map((item) => row(side, item));
  assert(expected.length > 0, `${name} expects nothing`);
  const cuts = script.some(({ mark, text }) => mark === '=' && text === whole)
    ? (['at once'] as const)
    : everyCut;
  for (const cut of cuts) {
    const actual = play(script, open, cut, side).map((output) => row(side, output));
    assert.deepEqual(actual, expected, `${name}, fed ${cut}`);
  }
}

/** The script with its outputs as the session gives them now, in their places. */
function rewritten(
  script: readonly Item[],
  open: (settings: readonly string[]) => Played,
  side: Side,
): string {
  const session = open(settingsOf(script));
  const rows: string[] = [];
  const write = (): void => {
    for (const output of merged(session.outputs())) rows.push(row(side, output));
  };
  const answer = (text: string): void => {
    rows.push(`!: ${text}`);
    session.verdict(text);
    write();
  };
  const answerUsually = (): void => {
    while (session.asking) answer(session.usualVerdict);
  };
  for (const { mark, text } of script) {
    if (outputMarks.has(mark)) continue;
    if (mark === '!:') {
      if (session.asking) answer(text);
      continue;
    }
    if (mark !== '#') answerUsually();
    rows.push(row(side, { mark, text }));
    if (mark === '>') session.event(text);
    else if (mark === 'T:') session.time();
    else if (!session.closed && mark === 'C:') session.bytes(Buffer.from(`${text}\r\n`));
    else if (!session.closed && mark === 'c:') session.bytes(unescape(text));
    write();
  }
  answerUsually();
  return `${rows.join('\n')}\n`;
}
