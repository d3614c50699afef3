/**
 * Loaded before a program (`--import`), in each of its threads: every step by which it changes a disk, through `node:fs` or
 * `node:sqlite`, gets a name, is written down, and kills the process where that was asked for. What a step does to files is
 * written down as well, so that whoever reads it can tell what a power failure would have taken.
 *   LETTERLOCK_STEPS_ROOT    the folder whose files count
 *   LETTERLOCK_STEPS_NOTES   a folder on the same disk, outside of it
 *   LETTERLOCK_STEPS_DIE     the name of a step, with `#2` where its second time is meant
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { stepOfPath, stepOfSql, type Note } from './notes.ts';

const root = process.env['LETTERLOCK_STEPS_ROOT'] ?? '';
const notes = process.env['LETTERLOCK_STEPS_NOTES'] ?? '';
const die = process.env['LETTERLOCK_STEPS_DIE'] ?? '';

const original = { ...fs };
const log = original.openSync(path.join(notes, 'log'), 'a');
const counts = new Map<string, number>();

const note = (what: Note): void => void original.writeSync(log, `${JSON.stringify(what)}\n`);

/** The program is at this step, and goes no further where it is to die here. */
const at = (step: string): void => {
  const count = (counts.get(step) ?? 0) + 1;
  counts.set(step, count);
  const name = count === 1 ? step : `${step}#${count}`;
  note({ did: 'step', name });
  if (name === die) process.kill(process.pid, 'SIGKILL');
};

const isInside = (file: unknown): file is string => typeof file === 'string' && file.startsWith(`${root}/`);

/** Runs a change of a file between two steps, and writes down what it did. */
const step = <Value>(verb: string, file: string, run: () => Value, did: () => readonly Note[]): Value => {
  const name = `${verb} ${stepOfPath(path.relative(root, file))}`;
  at(`before ${name}`);
  const value = run();
  did().forEach(note);
  at(`after ${name}`);
  return value;
};

const paths = new Map<number, string>();
const exists = (file: string): boolean => original.existsSync(file);

/** A second name for what is about to lose its own, so that it can be put back. */
const keep = (file: string): string | null => {
  if (!original.statSync(file, { throwIfNoEntry: false })?.isFile()) return null;
  const kept = path.join(notes, `kept-${process.hrtime.bigint()}-${counts.size}`);
  original.linkSync(file, kept);
  return kept;
};

const sizeOf = (file: string): number => original.statSync(file, { throwIfNoEntry: false })?.size ?? 0;

const made = (file: string, isNew: boolean): readonly Note[] => (isNew ? [{ did: 'name', path: file }] : []);
const synced = (file: string): readonly Note[] =>
  original.statSync(file).isDirectory()
    ? [{ did: 'sync folder', path: file }]
    : [{ did: 'sync', path: file, sizeBytes: sizeOf(file) }];

/** A step that changes the bytes of a file. */
const writing = <Value>(verb: string, file: string, run: () => Value): Value => {
  const sizeBytes = sizeOf(file);
  const isNew = !exists(file);
  return step(verb, file, run, () => [...made(file, isNew), { did: 'write', path: file, sizeBytes }]);
};

const isWriting = (flags: unknown): boolean => typeof flags === 'string' && flags !== 'r';

fs.openSync = (file, flags, mode) => {
  if (!isInside(file)) return original.openSync(file, flags, mode);
  const isNew = !exists(file);
  const open = (): number => original.openSync(file, flags, mode);
  const fd = isWriting(flags) ? step('open', file, open, () => made(file, isNew)) : open();
  paths.set(fd, file);
  return fd;
};

fs.closeSync = (fd) => {
  paths.delete(fd);
  original.closeSync(fd);
};

fs.writeSync = ((fd: number, ...rest: [never]) => {
  const file = paths.get(fd);
  const write = (): number => original.writeSync(fd, ...rest);
  return file === undefined ? write() : writing('write', file, write);
}) as typeof fs.writeSync;

fs.writevSync = (fd, buffers, position) => {
  const file = paths.get(fd);
  const write = (): number => original.writevSync(fd, buffers, position);
  return file === undefined ? write() : writing('write', file, write);
};

fs.fdatasyncSync = (fd) => {
  const file = paths.get(fd);
  if (file === undefined) return original.fdatasyncSync(fd);
  return step(
    'sync',
    file,
    () => original.fdatasyncSync(fd),
    () => synced(file),
  );
};

fs.fsyncSync = (fd) => {
  const file = paths.get(fd);
  if (file === undefined) return original.fsyncSync(fd);
  return step(
    'sync',
    file,
    () => original.fsyncSync(fd),
    () => synced(file),
  );
};

fs.ftruncateSync = (fd, length) => {
  const file = paths.get(fd);
  if (file === undefined) return original.ftruncateSync(fd, length);
  return writing('cut', file, () => original.ftruncateSync(fd, length));
};

// `appendFileSync` comes by here as well.
fs.writeFileSync = (file, data, options) => {
  const place = typeof file === 'number' ? paths.get(file) : file;
  const write = (): void => original.writeFileSync(file, data, options);
  return isInside(place) ? writing('write', place, write) : write();
};

fs.renameSync = (from, to) => {
  if (!isInside(from) || !isInside(to)) return original.renameSync(from, to);
  const kept = keep(to);
  return step(
    'name',
    to,
    () => original.renameSync(from, to),
    () => [{ did: 'rename', from, path: to, kept }],
  );
};

fs.linkSync = (from, to) => {
  if (!isInside(to)) return original.linkSync(from, to);
  return step(
    'link',
    to,
    () => original.linkSync(from, to),
    () => [{ did: 'name', path: to }],
  );
};

fs.mkdirSync = ((file: string, options: fs.MakeDirectoryOptions) => {
  if (!isInside(file) || exists(file)) return original.mkdirSync(file, options);
  return step(
    'make',
    file,
    () => original.mkdirSync(file, options),
    () => [{ did: 'name', path: file }],
  );
}) as typeof fs.mkdirSync;

fs.rmSync = (file, options) => {
  if (!isInside(file) || !exists(file)) return original.rmSync(file, options);
  const kept = keep(file);
  return step(
    'remove',
    file,
    () => original.rmSync(file, options),
    () => [{ did: 'remove', path: file, kept }],
  );
};

const { promises } = fs;
const asynchronous = { open: promises.open.bind(promises), rm: promises.rm.bind(promises) };

/** As `step`, around something that is waited for. */
const slowStep = async <Value>(
  verb: string,
  file: string,
  run: () => Promise<Value>,
  did: () => readonly Note[],
): Promise<Value> => {
  const name = `${verb} ${stepOfPath(path.relative(root, file))}`;
  at(`before ${name}`);
  const value = await run();
  did().forEach(note);
  at(`after ${name}`);
  return value;
};

promises.rm = async (file, options) => {
  if (!isInside(file) || !exists(file)) return asynchronous.rm(file, options);
  const kept = keep(file);
  return slowStep(
    'remove',
    file,
    () => asynchronous.rm(file, options),
    () => [{ did: 'remove', path: file, kept }],
  );
};

promises.open = async (file, flags, mode) => {
  if (!isInside(file) || !isWriting(flags)) return asynchronous.open(file, flags, mode);
  const isNew = !exists(file);
  const handle = await slowStep(
    'open',
    file,
    () => asynchronous.open(file, flags, mode),
    () => made(file, isNew),
  );
  const [write, sync] = [handle.write.bind(handle), handle.sync.bind(handle)];
  handle.write = ((...what: [Uint8Array]) => {
    const sizeBytes = sizeOf(file);
    return slowStep(
      'write',
      file,
      () => write(...what),
      () => [{ did: 'write', path: file, sizeBytes }],
    );
  }) as typeof handle.write;
  handle.sync = () => slowStep('sync', file, sync, () => synced(file));
  return handle;
};

const methodOf = (prototype: object, name: string): unknown =>
  Object.getOwnPropertyDescriptor(prototype, name)?.value;

const database = {
  exec: methodOf(DatabaseSync.prototype, 'exec') as DatabaseSync['exec'],
  run: methodOf(StatementSync.prototype, 'run') as StatementSync['run'],
};

DatabaseSync.prototype.exec = function exec(sql) {
  // One in memory is no change of a disk.
  if (this.location() === null) return database.exec.call(this, sql);
  const name = stepOfSql(sql);
  at(`before ${name}`);
  database.exec.call(this, sql);
  at(`after ${name}`);
  return undefined;
};

StatementSync.prototype.run = function run(...values: [never]) {
  const name = stepOfSql(this.sourceSQL);
  at(`before ${name}`);
  const done = database.run.apply(this, values);
  at(`after ${name}`);
  return done;
};

syncBuiltinESMExports();
