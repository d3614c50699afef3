import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { shownBytes, unescape } from './script.ts';

/**
 * A golden transcript of several connections to one world.
 *
 *     # a comment      = a setting of the world, at the top      ~ something happens in the world
 *     > an event       C: a line from the client                 c: raw bytes with escapes, no CRLF added
 *     T: time passes   S: a line from the server                 X: what was done to the connection
 *
 * A number before the mark is that of the connection; without one it is the first.
 */
type Item = { readonly mark: string; readonly connection: number; readonly text: string };

/** One connection of a world under play. */
export interface PlayedConnection {
  /** `> text` */
  event(text: string): void;
  bytes(chunk: Buffer): void;
  /** `T:` */
  time(): void;
  readonly closed: boolean;
  /** What the server said since the last call, and what was done to the connection. */
  outputs(): readonly Output[];
}

export type Output =
  | { readonly said: Buffer }
  /** `X: text` */
  | { readonly did: string };

/** What a transcript is played in; new for each play. */
export interface PlayedWorld {
  connection(number: number): PlayedConnection;
  /** `~ text` */
  happens(text: string): Promise<void>;
  /** Resolves when nothing more happens by itself. */
  settled(): Promise<void>;
}

type Open = (settings: readonly string[]) => Promise<PlayedWorld>;

const line = /^(?:(#|=|~)|([2-9])?(>|C:|c:|T:|S:|X:)) ?(.*)$/;
const outputMarks = new Set(['S:', 'X:']);

function parse(text: string, name: string): Item[] {
  return text
    .split('\n')
    .map((written, index) => ({ written, index }))
    .filter(({ written }) => written !== '')
    .map(({ written, index }) => {
      const match = line.exec(written);
      assert(match, `${name}:${index + 1}: a transcript line begins with one of # = ~ > C: c: T: S: X:`);
      const [, worldly, number, mark, rest = ''] = match;
      return { mark: worldly ?? mark ?? '', connection: Number(number ?? 1), text: rest };
    });
}

const row = ({ mark, connection, text }: Item): string =>
  `${connection > 1 ? connection : ''}${mark} ${text}`.trimEnd();

/** How the clients' bytes are cut: as lines, one by one, or all that stand together at once. */
type Cut = 'lines' | 'bytes' | 'at once';

/** The setting of a transcript whose point is that bytes come in one packet. */
const whole = 'one packet';

const isSetting = ({ mark, text }: Item): boolean => mark === '=' && text !== whole;

/** Gathers what every connection gave, in rows: what the server says, a line each, however it came. */
class Recorder {
  readonly #unfinished = new Map<number, string>();

  take(connection: number, outputs: readonly Output[]): Item[] {
    return outputs.flatMap((output) => {
      if ('did' in output) {
        return [...this.#rest(connection), { mark: 'X:', connection, text: output.did }];
      }
      const text = (this.#unfinished.get(connection) ?? '') + output.said.toString('latin1');
      const lines = text.split('\r\n');
      this.#unfinished.set(connection, lines.pop() ?? '');
      return lines.map((said) => ({ mark: 'S:', connection, text: shown(said) }));
    });
  }

  /** What was said without the end of its line. */
  #rest(connection: number): Item[] {
    const text = this.#unfinished.get(connection) ?? '';
    this.#unfinished.set(connection, '');
    return text === '' ? [] : [{ mark: 'S:', connection, text: `${shown(text)}\\` }];
  }
}

const shown = (text: string): string =>
  shownBytes(Buffer.from(text, 'latin1'))
    .replaceAll('\\\\', '\\')
    .replaceAll(/([^\\])\1{79,}/g, (run, character: string) => `\\*${run.length}{${character}}`);

const bytesOf = ({ mark, text }: Item): Buffer =>
  mark === 'C:' ? Buffer.from(`${text}\r\n`) : unescape(text);

/** What happens to a connection, or to the world, in one step. */
type Step = Item & { readonly bytes: Buffer | null };

function steps(script: readonly Item[], cut: Cut): Step[] {
  const found: Step[] = [];
  for (const item of script) {
    if (item.mark === 'C:' || item.mark === 'c:') {
      const last = found.at(-1);
      const bytes = bytesOf(item);
      if (cut === 'at once' && last?.bytes && last.connection === item.connection)
        found[found.length - 1] = { ...last, bytes: Buffer.concat([last.bytes, bytes]) };
      else found.push({ ...item, bytes });
    } else if (item.mark === '>' || item.mark === 'T:' || item.mark === '~')
      found.push({ ...item, bytes: null });
  }
  return found;
}

/** A world and everything that came of what was played in it. */
class Play {
  readonly #world: PlayedWorld;
  readonly #recorder = new Recorder();
  readonly #connections: readonly number[];

  constructor(world: PlayedWorld, script: readonly Item[]) {
    this.#world = world;
    this.#connections = [...new Set(script.map(({ connection }) => connection))].sort(
      (one, other) => one - other,
    );
  }

  async step({ mark, connection, text, bytes }: Step, cut: Cut): Promise<Item[]> {
    const items: Item[] = [];
    if (mark === '~') await this.#world.happens(text);
    else {
      const played = this.#world.connection(connection);
      if (mark === '>') played.event(text);
      else if (mark === 'T:') played.time();
      else if (bytes !== null && cut === 'bytes') {
        for (const octet of bytes) {
          if (!played.closed) played.bytes(Buffer.of(octet));
          items.push(...(await this.#settle()));
        }
      } else if (bytes !== null && !played.closed) played.bytes(Buffer.from(bytes));
    }
    items.push(...(await this.#settle()));
    return items;
  }

  async #settle(): Promise<Item[]> {
    await this.#world.settled();
    return this.#connections.flatMap((connection) =>
      this.#recorder.take(connection, this.#world.connection(connection).outputs()),
    );
  }
}

async function play(script: readonly Item[], open: Open, cut: Cut): Promise<Item[]> {
  const run = new Play(await open(script.filter(isSetting).map(({ text }) => text)), script);
  const items: Item[] = [];
  for (const step of steps(script, cut)) items.push(...(await run.step(step, cut)));
  return items;
}

/** The script with its outputs as the world gives them now, in their places. */
async function rewritten(script: readonly Item[], open: Open): Promise<string> {
  const run = new Play(await open(script.filter(isSetting).map(({ text }) => text)), script);
  const rows: string[] = [];
  for (const item of script) {
    if (outputMarks.has(item.mark)) continue;
    rows.push(row(item));
    for (const step of steps([item], 'lines')) rows.push(...(await run.step(step, 'lines')).map(row));
  }
  return `${rows.join('\n')}\n`;
}

/**
 * Plays a file in all cuts and compares; with `UPDATE=1` in the environment its outputs are written anew first. What
 * several connections do is not put together: the others would see less of it.
 */
export async function playDialogue(file: URL, open: Open): Promise<void> {
  const name = file.pathname.split('/').at(-1) ?? '';
  let script = parse(readFileSync(file, 'utf8'), name);
  if (process.env['UPDATE'] === '1') {
    writeFileSync(file, await rewritten(script, open));
    script = parse(readFileSync(file, 'utf8'), name);
  }
  const expected = script.filter(({ mark }) => outputMarks.has(mark)).map(row);
  assert(expected.length > 0, `${name} expects nothing`);
  const isAlone = script.every(({ connection, mark }) => connection === 1 && mark !== '~');
  const isOnePacket = script.some(({ mark, text }) => mark === '=' && text === whole);
  const cuts: readonly Cut[] = isOnePacket
    ? ['at once']
    : isAlone
      ? ['lines', 'bytes', 'at once']
      : ['lines', 'bytes'];
  for (const cut of cuts)
    assert.deepEqual((await play(script, open, cut)).map(row), expected, `${name}, fed ${cut}`);
}
