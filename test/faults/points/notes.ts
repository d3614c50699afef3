import fs from 'node:fs';
import path from 'node:path';

/** What a program did to a disk, in order. */
export type Note =
  | { readonly did: 'step'; readonly name: string }
  /** A name that leads to something new. */
  | { readonly did: 'name'; readonly path: string }
  /** How long it was before. */
  | { readonly did: 'write'; readonly path: string; readonly sizeBytes: number }
  | { readonly did: 'sync'; readonly path: string; readonly sizeBytes: number }
  /** Its names are on disk. */
  | { readonly did: 'sync folder'; readonly path: string }
  | { readonly did: 'rename'; readonly from: string; readonly path: string; readonly kept: string | null }
  /** `kept` is what it was, under another name. */
  | { readonly did: 'remove'; readonly path: string; readonly kept: string | null };

/** A path in which nothing is different from run to run. */
export const stepOfPath = (file: string): string =>
  file
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/\d+-UUID/g, 'PID-UUID')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replaceAll(/\/[0-9a-f]{2}(?=\/HASH|$)/g, '/ab')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d-]+\.\d+Z/g, 'MOMENT');

/** The words of a statement that tell it from others. */
export const stepOfSql = (sql: string): string =>
  /^\s*(?:(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|CREATE \w+|DROP \w+|PRAGMA|SAVEPOINT|ROLLBACK TO|ATTACH) *[\w=]+|BEGIN(?: \w+)?|\w+)/
    .exec(sql)?.[0]
    .trim() ?? sql;

/** Reads what a program wrote down. */
export const readNotes = (folder: string): readonly Note[] =>
  fs
    .readFileSync(path.join(folder, 'log'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Note);

/** What a power failure may leave: everything that was synced; of names and bytes that were not, neither or the names alone. */
export type Loss = 'names and bytes' | 'bytes';

/** Takes from the disk what nobody asked it to keep. */
export const loseUnsynced = (notes: readonly Note[], loss: Loss): void => {
  if (loss === 'names and bytes') loseNames(notes);
  const written = new Map<string, number>();
  for (const note of notes) {
    if (note.did === 'write' && !written.has(note.path)) written.set(note.path, note.sizeBytes);
    if (note.did === 'sync') written.set(note.path, note.sizeBytes);
    if (note.did === 'rename') {
      written.set(note.path, written.get(note.from) ?? 0);
      written.delete(note.from);
    }
  }
  for (const [file, sizeBytes] of cutShort(notes, written))
    if (fs.existsSync(file) && fs.statSync(file).size > sizeBytes) fs.truncateSync(file, sizeBytes);
};

/** The files whose last bytes were written after their last sync, with their lengths then. */
const cutShort = (
  notes: readonly Note[],
  written: ReadonlyMap<string, number>,
): readonly (readonly [string, number])[] => {
  const unsynced = new Set<string>();
  for (const note of notes) {
    if (note.did === 'write') unsynced.add(note.path);
    if (note.did === 'sync') unsynced.delete(note.path);
    if (note.did === 'rename' && unsynced.delete(note.from)) unsynced.add(note.path);
  }
  return [...unsynced].map((file) => [file, written.get(file) ?? 0]);
};

/** Undoes, last first, what was done to names since their folder was synced last. */
const loseNames = (notes: readonly Note[]): void => {
  const open: Exclude<Note, { did: 'step' | 'write' | 'sync' | 'sync folder' }>[] = [];
  for (const note of notes) {
    if (note.did === 'name' || note.did === 'rename' || note.did === 'remove') open.push(note);
    if (note.did === 'sync folder')
      for (let index = open.length - 1; index >= 0; index--)
        if (path.dirname(open[index]?.path ?? '') === note.path) open.splice(index, 1);
  }
  for (const note of open.toReversed()) {
    if (note.did === 'name') fs.rmSync(note.path, { recursive: true, force: true });
    if (note.did === 'rename' && fs.existsSync(note.path) && fs.existsSync(path.dirname(note.from)))
      fs.renameSync(note.path, note.from);
    if (note.did !== 'name' && note.kept !== null && fs.existsSync(path.dirname(note.path))) {
      fs.rmSync(note.path, { force: true });
      fs.linkSync(note.kept, note.path);
    }
  }
};
