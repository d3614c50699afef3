/**
 * Takes a maildrop in a process, or a thread, of its own: prints (or posts) what came of it, and then holds it until it is
 * killed.
 *   node lock.child.ts FOLDER ACCOUNT-NUMBER
 */
import fs from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { AccountId } from '../port.ts';
import { folderPaths } from './folder.ts';
import { MaildropLocks } from './maildrop-locks.ts';

const [folder = '', account = ''] = (workerData as readonly string[] | null) ?? process.argv.slice(2);
const taken = new MaildropLocks(folderPaths(folder).maildrops).take(Number(account) as AccountId);
const outcome = taken.ok ? 'taken' : taken.refusal;
if (parentPort === null) fs.writeSync(1, `${outcome}\n`);
else parentPort.postMessage(outcome);
setInterval(() => taken, 1_000_000);
