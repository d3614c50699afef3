import { parentPort, workerData } from 'node:worker_threads';
import type { StoreDoor } from '../store/sqlite/channel.ts';
import { openSqliteStore } from '../store/sqlite/client.ts';
import { HouseRefused, openHouse, type HouseSetup } from './house.ts';
import { openLog, type LogSettings } from './log.ts';

/** What a protocol thread is started with. */
export type ThreadStart = {
  readonly setup: HouseSetup;
  readonly folder: string;
  readonly door: StoreDoor;
  readonly log: LogSettings;
};

/** What the main thread tells a protocol thread. */
export type ThreadOrder =
  | { readonly order: 'close'; readonly graceMs: number }
  | { readonly order: 'reload' };

/** A door as the main thread knows it. */
export type OpenDoor = { readonly name: string; readonly address: string; readonly port: number };

/** What a protocol thread tells the main thread; `reloaded` carries why the old certificates stay, or null. */
export type ThreadNotice =
  | { readonly notice: 'open'; readonly doors: readonly OpenDoor[] }
  | { readonly notice: 'refused'; readonly why: string }
  | { readonly notice: 'reloaded'; readonly why: string | null };

async function run(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('this file is the entry of a worker thread');
  const tell = (notice: ThreadNotice): void => port.postMessage(notice);
  const { setup, folder, door, log } = workerData as ThreadStart;
  const store = openSqliteStore({ folder, door });
  try {
    const house = await openHouse(setup, store, openLog(log));
    tell({
      notice: 'open',
      doors: house.doors.map(({ name, address, port: at }) => ({ name, address, port: at })),
    });
    const leave = async (graceMs: number): Promise<void> => {
      await house.close(graceMs);
      await store.close();
      port.close();
    };
    port.on('message', (order: ThreadOrder) => {
      if (order.order === 'reload') {
        house.reload().then(
          (why) => tell({ notice: 'reloaded', why }),
          (error: unknown) => tell({ notice: 'reloaded', why: String(error) }),
        );
      } else void leave(order.graceMs);
    });
  } catch (error) {
    if (!(error instanceof HouseRefused)) throw error;
    tell({ notice: 'refused', why: error.message });
    await store.close();
    port.close();
  }
}

await run();
