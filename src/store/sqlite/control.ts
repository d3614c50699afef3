import type { MessagePort } from 'node:worker_threads';
import type { OpenRefusal } from './folder.ts';
import type { WriterStats } from './writer.ts';

/** What a store thread begins with. `segmentBytes` as `SegmentFiles` has it. */
export type ThreadData = { readonly folder: string; readonly segmentBytes: number | undefined };

/** What the process tells its store thread, beside the writes that come in at the doors. */
export type Order =
  | { readonly order: 'admit'; readonly port: MessagePort; readonly listening: SharedArrayBuffer }
  | { readonly order: 'stats' }
  | { readonly order: 'close' };

/** What the store thread tells the process that started it. */
export type Notice =
  | { readonly notice: 'ready' }
  | { readonly notice: 'refused'; readonly refusal: OpenRefusal }
  | { readonly notice: 'stats'; readonly stats: WriterStats };
