import { storeContract } from '../contract.ts';
import { credentialContract } from '../contract/credentials.ts';
import { togetherContract } from '../contract/together.ts';
import { openMemoryStore } from './store.ts';

const open = async () => {
  const store = openMemoryStore();
  return { store, cleanup: () => store.close() };
};

storeContract('memory', open);
credentialContract('memory', open);
togetherContract('memory', open);
