import type { Store } from '../port.ts';
import { accountVerbs } from './accounts.ts';
import { arrangementVerbs } from './arrangements.ts';
import { blobVerbs } from './blobs.ts';
import { changeVerbs } from './changes.ts';
import { credentialVerbs } from './credentials.ts';
import { directoryVerbs, tallyVerbs } from './directory.ts';
import { letterVerbs } from './letters.ts';
import { mailboxVerbs } from './mailboxes.ts';
import { objectVerbs } from './objects.ts';
import { queueVerbs } from './queue.ts';
import { removalVerbs } from './removal.ts';
import { searchVerbs } from './search.ts';
import { threadVerbs } from './threads.ts';
import { World } from './world.ts';

/**
 * A store that lives as long as its process, for the tests of other layers, and the model that the others are compared
 * with: everything in maps, nothing kept that follows from something else, the shortest text that keeps the contract.
 */
export const openMemoryStore = (): Store => {
  const world = new World();
  return {
    ...accountVerbs(world),
    ...credentialVerbs(world),
    ...directoryVerbs(world),
    ...tallyVerbs(world),
    ...mailboxVerbs(world),
    ...letterVerbs(world),
    ...blobVerbs(world),
    ...threadVerbs(world),
    ...arrangementVerbs(world),
    ...removalVerbs(world),
    ...changeVerbs(world),
    ...searchVerbs(world),
    ...objectVerbs(world),
    ...queueVerbs(world),
    close: async () => world.close(),
  };
};
