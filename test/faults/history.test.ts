import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { everything } from '../../src/store/contract/everything.ts';
import type { Move } from '../../src/store/contract/moves.ts';
import { prepared } from '../../src/store/contract/perform.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import type { Store } from '../../src/store/port.ts';
import { auditFolder } from '../../src/store/sqlite/audit.ts';
import { openStore } from '../../src/store/sqlite/open.ts';
import { historyOf } from './history.ts';
import { roundsOf } from './rounds.ts';

/** How often the process is killed, and what the choices of a run are made from. */
const rounds = roundsOf({ all: 0.2, short: 6 });
const seed = Number(process.env['LETTERLOCK_SEED'] ?? randomInt(2 ** 31));
/** A history is begun anew after so many rounds: what is compared grows with it. */
const ROUNDS_OF_A_HISTORY = 6;

const CHILD = path.join(import.meta.dirname, 'history.child.ts');

/** Runs the history from this turn on until so many turns are done, and kills it; gives the last turn that was done. */
async function interrupted(folder: string, history: number, first: number, enough: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, folder, String(history), String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let done = first - 1;
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, turn] = line.split(' ');
    if (what === 'done') done = Number(turn);
    // Killed while the next turn is under way, or before it, or after it and before anybody was told.
    if (what === 'begun' && Number(turn) >= first + enough) child.kill('SIGKILL');
  }
  return done;
}

async function make(store: Store, moves: readonly Move[]): Promise<void> {
  const ready = await Promise.all(moves.map((move) => prepared(store, move)));
  await Promise.allSettled(ready.map((move) => move()));
}

/**
 * Brings the model to where the store is: all turns that were answered, and as many moves of the one that was cut off as
 * make them alike. Fails where no number of them does.
 */
async function catchUp(
  model: Store,
  folder: string,
  turns: readonly (readonly Move[])[],
  cutOff: readonly Move[],
): Promise<void> {
  for (const turn of turns) await make(model, turn);
  const opened = await openStore(folder);
  assert.ok(opened.ok);
  try {
    const found = await everything(opened.value);
    let differs: unknown = null;
    for (let made = 0; made <= cutOff.length; made++) {
      if (made > 0) await make(model, cutOff.slice(made - 1, made));
      try {
        assert.deepEqual(found, await everything(model));
        return;
      } catch (cause) {
        differs ??= cause;
      }
    }
    throw new Error('the store is between two states, or has lost what it answered', { cause: differs });
  } finally {
    await opened.value.close();
  }
}

test('kill -9 in the middle of any history: each move is there whole or not at all, and none that was answered is lost', async (context) => {
  context.diagnostic(`LETTERLOCK_SEED=${seed}`);
  for (let round = 0; round < rounds;) {
    const history = seed + round;
    const turns = historyOf(history);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-history.'));
    try {
      const model = openMemoryStore();
      let next = 0;
      for (let part = 0; part < ROUNDS_OF_A_HISTORY && round < rounds; part++, round++) {
        const done = await interrupted(folder, history, next, 1 + ((history * 7 + part * 3) % 9));
        await catchUp(model, folder, turns.slice(next, done + 1), turns[done + 1] ?? []);
        assert.deepEqual(auditFolder(folder), []);
        // What is left of the turn that was cut off never happens.
        next = done + 2;
      }
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }
});
