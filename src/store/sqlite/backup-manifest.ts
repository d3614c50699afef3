import { ok, refused, type Result } from '../../result.ts';
import { isSha256 } from '../rules.ts';

/** A file in pieces of one length, the last one perhaps shorter. */
export type Pieced = {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly pieces: readonly string[];
};

/** One backup: what a data folder is put together from again. Everything it names is in the objects. */
export type Manifest = {
  /** 1 is one without segments. */
  readonly format: 1 | 2;
  /** When the state was taken, ISO 8601 in UTC. */
  readonly at: string;
  /** The database. */
  readonly database: Pieced;
  /** The segments up to where they were used. */
  readonly segments: readonly (Pieced & { readonly segment: number })[];
  /** The other files of the folder, but the files of large letters, which the database names, and the indexes, which are made anew. */
  readonly files: readonly { readonly path: string; readonly mode: number; readonly sha256: string }[];
};

/** `2026-11-24T22-15-00.123Z.json`, which sorts by time and is a name on every file system. */
export const manifestName = (at: string): string => `${at.replaceAll(':', '-')}.json`;

/** When the backup of that name was taken, milliseconds since 1970; null where it is no name of one. */
export const momentOf = (name: string): number | null => {
  const [, day, time] = /^(\d{4}-\d\d-\d\d)T(\d\d-\d\d-\d\d\.\d{3}Z)\.json$/.exec(name) ?? [];
  if (day === undefined || time === undefined) return null;
  const at = Date.parse(`${day}T${time.replace('-', ':').replace('-', ':')}`);
  return Number.isNaN(at) ? null : at;
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isHash = (value: unknown): value is string => typeof value === 'string' && isSha256(value);

/** A path that stays inside the folder that it starts from. */
const isInside = (value: unknown): value is string =>
  typeof value === 'string' &&
  !value.includes('\0') &&
  !value.includes('\\') &&
  value.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

const isFile = (value: unknown): value is Manifest['files'][number] =>
  isObject(value) &&
  isInside(value['path']) &&
  isHash(value['sha256']) &&
  Number.isInteger(value['mode']) &&
  (Number(value['mode']) & ~0o777) === 0;

const isPieced = (value: unknown): value is Pieced =>
  isObject(value) &&
  isHash(value['sha256']) &&
  Number.isSafeInteger(value['sizeBytes']) &&
  Array.isArray(value['pieces']) &&
  value['pieces'].every(isHash);

const isSegment = (value: unknown): value is Manifest['segments'][number] =>
  isPieced(value) && 'segment' in value && Number.isSafeInteger(value.segment) && Number(value.segment) > 0;

/** Reads a manifest, which may have been written by anybody. */
export const parseManifest = (text: string): Result<Manifest, 'no-manifest' | 'newer'> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('no-manifest');
  }
  if (!isObject(value)) return refused('no-manifest');
  if (typeof value['format'] === 'number' && value['format'] > 2) return refused('newer');
  const { format, at, database, segments = [], files } = value;
  if ((format !== 1 && format !== 2) || typeof at !== 'string' || !isPieced(database))
    return refused('no-manifest');
  if (!Array.isArray(segments) || !segments.every(isSegment)) return refused('no-manifest');
  if (!Array.isArray(files) || !files.every(isFile)) return refused('no-manifest');
  return ok({ format, at, database, segments, files });
};
