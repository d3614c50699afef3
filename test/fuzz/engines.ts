/**
 * Feeds both engines of SMTP and that of POP3 what nobody should send, and holds them to what must be true of every session: they never
 * throw, are in a legal stage, keep little memory, and do the same however the bytes are cut.
 *
 *     node test/fuzz/engines.ts [--engine server|client|pop3] [--inputs N] [--seed S]
 *
 * Input number I of seed S is input 0 of seed S + I, so that a failure is repeated by `--inputs 1 --seed (S + I)`.
 */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { fuzzClient } from './client.ts';
import { memoryInUse } from './memory.ts';
import { fuzzPop3 } from './pop3.ts';
import { Reached } from './reached.ts';
import { fuzzServer } from './server.ts';

const MiB = 1024 * 1024;
/** Memory that may be in use at the end beyond what was in use after the first tenth, whatever was played. */
const growthBytes = 8 * MiB;

export type Engine = 'server' | 'client' | 'pop3';

/** What so many inputs came to. */
export type Outcome = { readonly reached: Reached; readonly report: string };

/** Plays so many inputs, one in thirty-two in all cuts. Throws with the seed that repeats what went wrong. */
export function fuzz(
  engine: Engine,
  { inputs, seed }: { readonly inputs: number; readonly seed: number },
): Outcome {
  const reached = new Reached();
  const play = engines[engine];
  const started = process.hrtime.bigint();
  let settled = 0;
  for (let input = 0; input < inputs; input += 1) {
    const current = seed + input;
    try {
      play(current, inputs === 1 || current % 32 === 0, reached);
    } catch (cause) {
      throw new Error(`repeat it with --engine ${engine} --inputs 1 --seed ${current}`, { cause });
    }
    if (input + 1 === Math.ceil(inputs / 10)) settled = memoryInUse();
  }
  const grown = memoryInUse() - settled;
  assert(grown <= growthBytes, `${grown} octets more are in use than after the first tenth of the inputs`);
  const tookSeconds = Number(process.hrtime.bigint() - started) / 1e9;
  const report = [
    `${engine}: ${inputs} inputs from seed ${seed} in ${tookSeconds.toFixed(1)} s, ` +
      `${(settled / MiB).toFixed(1)} MiB in use after a tenth, ${(grown / 1024).toFixed(0)} KiB more at the end`,
    reached.summary(),
  ].join('\n');
  return { reached, report };
}

const engines: Readonly<Record<Engine, (seed: number, isInAllCuts: boolean, reached: Reached) => void>> = {
  server: fuzzServer,
  client: fuzzClient,
  pop3: fuzzPop3,
};

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', default: 'server' },
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
    },
  });
  const engine = values.engine === 'client' || values.engine === 'pop3' ? values.engine : 'server';
  console.log(fuzz(engine, { inputs: Number(values.inputs), seed: Number(values.seed) }).report);
}
