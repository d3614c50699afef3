import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './contender.ts';
import type { Plan } from './measure.ts';
import { modes, type Mode, type Workload } from './workload.ts';

/** What may be said on the command line. */
export const usage = (names: readonly string[]): string => `node bench/delivery/main.ts [options]

  --contenders a,b      of ${names.join(', ')}
  --sizes 4096,102400   octets of a letter
  --connections 1,10,50 connections at once
  --modes one,many,pipe one letter per connection; 100, each reply awaited; 100, MAIL, RCPT and DATA in a group
  --repeat 3            repetitions, interleaved between the contenders
  --seconds 2           the window of each
  --warm-up 0.5         seconds before it
  --groups X25519       key agreement groups that the client offers, as OpenSSL names them
  --folder FOLDER       on the disk that is measured (${tmpdir()})
  --out FILE            the JSON; table and plot come beside it (bench/results/delivery.json)
`;

/** What was said, or what cannot be made of it. */
export type Asked =
  | { readonly is: 'plan'; readonly plan: Omit<Plan, 'tell'>; readonly out: string }
  | { readonly is: 'help' }
  | { readonly is: 'mistake'; readonly why: string };

/** Reads the command line. */
export function readOptions(args: readonly string[], all: readonly Contender[]): Asked {
  try {
    return read(args, all);
  } catch (error) {
    return { is: 'mistake', why: error instanceof Error ? error.message : String(error) };
  }
}

function read(args: readonly string[], all: readonly Contender[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      contenders: { type: 'string', default: all.map(({ name }) => name).join(',') },
      sizes: { type: 'string', default: '4096,102400' },
      connections: { type: 'string', default: '1,10,50' },
      modes: { type: 'string', default: modes.join(',') },
      repeat: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '2' },
      'warm-up': { type: 'string', default: '0.5' },
      groups: { type: 'string', default: 'X25519' },
      folder: { type: 'string', default: tmpdir() },
      out: { type: 'string', default: join(import.meta.dirname, '..', 'results', 'delivery.json') },
    },
  });
  if (values.help) return { is: 'help' };
  const sizes = values.sizes.split(',').map((text) => whole(text, 'a size', 1024));
  const counts = values.connections.split(',').map((text) => whole(text, 'a number of connections', 1));
  const plan = {
    contenders: values.contenders.split(',').map((text) => named(text, all)),
    workloads: workloadsOf(sizes, values.modes.split(',').map(modeOf), counts),
    repetitions: whole(values.repeat, 'a number of repetitions', 1),
    windowMs: 1000 * seconds(values.seconds),
    warmUpMs: 1000 * seconds(values['warm-up']),
    groups: values.groups,
    folder: values.folder,
  };
  return { is: 'plan', plan, out: values.out };
}

const workloadsOf = (sizes: readonly number[], how: readonly Mode[], counts: readonly number[]): Workload[] =>
  sizes.flatMap((sizeBytes) =>
    how.flatMap((mode) => counts.map((connections) => ({ sizeBytes, mode, connections }))),
  );

function named(text: string, all: readonly Contender[]): Contender {
  const found = all.find(({ name }) => name === text);
  if (found === undefined) throw new Error(`${text} is none of ${all.map(({ name }) => name).join(', ')}`);
  return found;
}

function modeOf(text: string): Mode {
  const found = modes.find((mode) => mode === text);
  if (found === undefined) throw new Error(`${text} is none of ${modes.join(', ')}`);
  return found;
}

function whole(text: string, what: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${text} is not ${what} of at least ${least}`);
  return value;
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0) || value > 600) throw new Error(`${text} is no number of seconds up to 600`);
  return value;
}
