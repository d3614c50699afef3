import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** What testssl.sh found out about one door, as its flat JSON has it. */
export type Finding = { readonly id: string; readonly severity: string; readonly finding: string };

/** Reads the JSON of a scan that came to its end: a scan that broke off proves nothing. */
export function readScan(jsonFile: string): readonly Finding[] {
  const scan = JSON.parse(readFileSync(jsonFile, 'utf8')) as readonly Finding[];
  assert.ok(
    scan.some(({ id }) => id === 'scanTime'),
    `${jsonFile}: the scan broke off`,
  );
  return scan;
}

const harmless = new Set(['DEBUG', 'INFO', 'OK', 'LOW']);

/**
 * What testssl.sh warns of because it could not try it, and which depends on the machine and the moment:
 * `engine_problem` is about the OpenSSL that it runs with; `sessionresumption_ticket` needs a ticket, for which its
 * client does not wait (who resumes whom is tested beside the code, in `src/net/tls`).
 */
const untried = new Set(['engine_problem WARN', 'sessionresumption_ticket WARN']);

/** Every finding of a scan that needs an explanation, as `id SEVERITY`. */
export const grave = (scan: readonly Finding[]): readonly string[] =>
  scan
    .filter(({ severity }) => !harmless.has(severity))
    .map(({ id, severity }) => `${id} ${severity}`)
    .filter((shown) => !untried.has(shown));

/**
 * The findings that a page explains: the rows `| doors | finding | severity | why |` of its table, as `id SEVERITY` for
 * each door.
 */
export function explained(page: string): ReadonlyMap<string, ReadonlySet<string>> {
  const rows = page.split('\n').flatMap((line) => {
    const row = /^\| ([a-z\d, ]+) \| `([\w-]+)` \| ([A-Z]+) \| (\S.*) \|$/.exec(line);
    return row === null ? [] : [row];
  });
  const byDoor = new Map<string, Set<string>>();
  for (const [, doors = '', id, severity] of rows) {
    for (const door of doors.split(', ')) {
      byDoor.set(door, (byDoor.get(door) ?? new Set()).add(`${id} ${severity}`));
    }
  }
  return byDoor;
}
