/**
 * What the crash and two-process tests run in a process of their own: delivers letters of many sizes, twenty at a time,
 * and prints the hash of each when the store has accepted it, before anything else happens.
 *   node deliver.child.ts FOLDER FIRST-SEED LETTERS ACCOUNT
 */
import fs from 'node:fs';
import { deliveryOf, letterBytes } from '../contract.ts';
import type { AccountName } from '../port.ts';
import { openStore } from './open.ts';

const [folder = '', seed = '', letters = '', name = ''] = process.argv.slice(2);
const SIZES = [40, 700, 4096, 9000, 70_000, 300_000, 40, 700, 4096, 9000, 70_000, 1_100_000];
const IN_FLIGHT = 20;

const opened = await openStore(folder);
if (!opened.ok) throw new Error(opened.refusal.message);
const store = opened.value;
const account = await store.account(name as AccountName);
if (account === null) throw new Error(`no account ${name}`);
let next = Number(seed);
const end = next + Number(letters);
const deliverOnAndOn = async (): Promise<void> => {
  while (next < end) {
    const turn = next++;
    const bytes = letterBytes(SIZES[turn % SIZES.length] ?? 1, turn);
    new DataView(bytes.buffer).setUint32(0, turn);
    const delivery = deliveryOf(bytes, [account.id]);
    const { hash } = delivery;
    const delivered = await store.deliver(delivery);
    if (!delivered.ok) throw new Error(delivered.refusal);
    fs.writeSync(1, `${hash}\n`);
  }
};
await Promise.all(Array.from({ length: IN_FLIGHT }, deliverOnAndOn));
await store.close();
