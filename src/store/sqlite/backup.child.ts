/**
 * What the test of backups kills: one run.
 *   node backup.child.ts FOLDER TARGET NOW
 */
import { backUp } from './backup.ts';

const [folder = '', target = '', now = ''] = process.argv.slice(2);
await backUp(folder, target, Number(now));
