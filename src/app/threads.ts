import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Journal } from '../net/journal.ts';
import { sharedPlace, type Place } from '../net/door.ts';
import { openSqliteStore } from '../store/sqlite/client.ts';
import type { StoreThread } from '../store/sqlite/open.ts';
import { cannotListen } from './cannot-listen.ts';
import { HouseRefused, openHouse, type HouseSetup } from './house.ts';
import type { LogSettings } from './log.ts';
import type { OpenDoor, ThreadNotice, ThreadOrder, ThreadStart } from './protocol-thread.ts';

/** The protocol threads of a server, doors open. */
export type Threads = {
  readonly doors: readonly OpenDoor[];
  /** Why the old certificates stay, or null where the new ones are in use. */
  readonly reload: () => Promise<string | null>;
  readonly close: (graceMs: number) => Promise<void>;
  /** Resolves when a thread ended that was not told to. */
  readonly broken: Promise<Error>;
};

const entry = new URL(`./protocol-thread${path.extname(import.meta.filename)}`, import.meta.url);

/** Opens the doors on this thread: what one core is served best by. */
export async function openHere(
  setup: HouseSetup,
  folder: string,
  storeThread: StoreThread,
  journal: Journal,
): Promise<Threads> {
  const store = openSqliteStore({ folder, door: storeThread.connect() });
  try {
    const house = await openHouse(setup, store, journal);
    return {
      doors: house.doors,
      reload: house.reload,
      close: async (graceMs) => {
        await house.close(graceMs);
        await store.close();
      },
      broken: new Promise(() => undefined),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opens the doors on so many threads, which share each port; the kernel spreads the connections. */
export async function openThreads(
  setup: HouseSetup,
  folder: string,
  storeThread: StoreThread,
  log: LogSettings,
  count: number,
): Promise<Threads> {
  const places = await sharedPlaces(setup.doors);
  const threads: ProtocolThread[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const doors = index === 0 ? places : shareable(places);
      threads.push(
        new ProtocolThread({ setup: { ...setup, doors }, folder, door: storeThread.connect(), log }),
      );
    }
    const opened = await Promise.all(threads.map((thread) => thread.opened));
    return {
      doors: opened[0] ?? [],
      reload: async () =>
        (await Promise.all(threads.map((thread) => thread.reload()))).find((why) => why !== null) ?? null,
      close: async (graceMs) => {
        await Promise.all(threads.map((thread) => thread.close(graceMs)));
      },
      broken: Promise.race(threads.map((thread) => thread.broken)),
    };
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.close(0)));
    throw error;
  }
}

class ProtocolThread {
  readonly opened: Promise<readonly OpenDoor[]>;
  readonly broken: Promise<Error>;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #reloads: ((why: string | null) => void)[] = [];
  #closing = false;

  constructor(start: ThreadStart) {
    const worker = new Worker(entry, {
      workerData: start,
      transferList: [start.door.port],
      name: 'protocol',
    });
    this.#worker = worker;
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => resolve());
    });
    this.broken = new Promise((resolve) => {
      worker.once('error', (error) => resolve(error instanceof Error ? error : new Error(String(error))));
      worker.once('exit', (code) => {
        if (!this.#closing) resolve(new Error(`a protocol thread ended with ${code}`));
      });
    });
    this.opened = new Promise((resolve, reject) => {
      void this.broken.then(reject);
      worker.on('message', (notice: ThreadNotice) => {
        if (notice.notice === 'open') resolve(notice.doors);
        else if (notice.notice === 'refused') reject(new HouseRefused(notice.why));
        else this.#reloads.shift()?.(notice.why);
      });
    });
    // Whoever awaits `opened` hears of it; nobody need.
    this.opened.catch(() => undefined);
  }

  reload(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#reloads.push(resolve);
      this.#worker.postMessage({ order: 'reload' } satisfies ThreadOrder);
    });
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#worker.postMessage({ order: 'close', graceMs } satisfies ThreadOrder);
    await this.#ended;
  }
}

/** The doors that several threads can have: the kernel spreads no connections of a Unix socket. */
const shareable = (doors: HouseSetup['doors']): HouseSetup['doors'] =>
  doors.lmtp !== null && 'path' in doors.lmtp ? { ...doors, lmtp: null } : doors;

/** The places of all doors, ready to be shared by the threads. */
async function sharedPlaces(doors: HouseSetup['doors']): Promise<HouseSetup['doors']> {
  const shared = async (place: Place | null): Promise<Place | null> => {
    if (place === null) return null;
    try {
      return await sharedPlace(place);
    } catch (error) {
      throw new HouseRefused(cannotListen(place, error), { cause: error });
    }
  };
  const { submissions, submission, exchanger, lmtp, imap, pop3, pop3Stls, https } = doors;
  return {
    submissions: await shared(submissions),
    submission: await shared(submission),
    exchanger: await shared(exchanger),
    lmtp: lmtp !== null && 'path' in lmtp ? lmtp : await shared(lmtp),
    imap: await shared(imap),
    pop3: await shared(pop3),
    pop3Stls: await shared(pop3Stls),
    https: await shared(https),
  };
}
