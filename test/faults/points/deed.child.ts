/**
 * What is killed at a point: opens the data folder, does one thing, and closes it.
 *   node deed.child.ts DEED ROOT
 */
import { deeds } from './deeds.ts';
import { placesIn } from './places.ts';

const [deed = '', root = ''] = process.argv.slice(2);
await deeds.get(deed)?.(placesIn(root));
