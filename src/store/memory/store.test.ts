import { storeContract } from '../contract.ts';
import { openMemoryStore } from './store.ts';

const open = async () => {
  const store = openMemoryStore();
  return { store, cleanup: () => store.close() };
};

storeContract('memory', open);
