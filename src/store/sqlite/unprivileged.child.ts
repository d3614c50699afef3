/**
 * What the test of a folder without permission runs: gives up root where it has it, and prints why the folder is refused.
 *   node unprivileged.child.ts FOLDER
 */
import fs from 'node:fs';
import { folderPaths, openFolder } from './folder.ts';

const NOBODY = 65_534;

if (process.getuid?.() === 0) {
  process.setgid?.(NOBODY);
  process.setuid?.(NOBODY);
}
const opened = openFolder(folderPaths(process.argv[2] ?? ''));
fs.writeSync(1, `${opened.ok ? 'opened' : opened.refusal.why}\n`);
