import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { durableStoreContract, storeContract, type OpenedForTest } from '../contract.ts';
import { durableCredentialContract } from '../contract/credentials.ts';
import type { Store } from '../port.ts';
import type { Compression } from './compression.ts';
import { openStore } from './open.ts';

const openWith = async (compression: Compression): Promise<Required<OpenedForTest>> => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-store.'));
  const open = async (): Promise<Store> => {
    const opened = await openStore(folder, { compression });
    assert.ok(opened.ok);
    return opened.value;
  };
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    cleanup: async () => {
      await store.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
};

const openFresh = async (): Promise<Required<OpenedForTest>> => openWith('none');

storeContract('sqlite', openFresh);
storeContract('sqlite with zstd', async () => openWith('zstd'));
durableStoreContract('sqlite', openFresh);
durableCredentialContract('sqlite', openFresh);
