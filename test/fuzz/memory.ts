import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The memory that is in use when everything that nobody needs any more is gone, in octets. */
export function memoryInUse(): number {
  // What one collection finds to be free, the next one gives back.
  for (let turn = 0; turn < 3; turn += 1) collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** How much memory each of so many things takes that are kept at once, in octets. */
export function memoryOfEach(count: number, make: (index: number) => object): number {
  const kept: object[] = [];
  // What is made once for all of them (code, the text that a pattern saw last) is none of theirs.
  for (let index = 0; index < 3; index += 1) make(index);
  const before = memoryInUse();
  for (let index = 0; index < count; index += 1) kept.push(make(index));
  const taken = memoryInUse() - before;
  // What is kept is kept until here.
  if (kept.length !== count) throw new Error('something was not kept');
  return taken / count;
}
