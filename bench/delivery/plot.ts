import { drawBars, type Series } from '../bars.ts';
import type { Results, Row } from './results.ts';
import { formatSize, modes, type Mode, type Workload } from './workload.ts';

/** One colour for one contender in every plot; floors are grey. */
const colours: ReadonlyMap<string, string> = new Map([
  ['letterlock', '#e8590c'],
  ['smtp-server', '#228be6'],
  ['haraka', '#7950f2'],
  ['postfix', '#2f9e44'],
  ['postfix-lmtp', '#82c91e'],
  ['exim', '#f2b705'],
  ['opensmtpd', '#15aabf'],
  ['floor-sqlite', '#868e96'],
  ['floor-discard', '#b6bdc4'],
]);

/** The modes in a few words. */
const modeNames: Readonly<Record<Mode, string>> = {
  one: 'one letter per connection',
  many: '100 letters per connection',
  pipe: '100 letters per connection, pipelined',
};

/** Letters a second that reach mailboxes; of the floor that keeps none, those acknowledged. A panel for each mode and size. */
export function drawPlot({ rows, participants }: Results): string {
  const measured = participants.filter(({ name }) => rows.some(({ contender }) => contender === name));
  const series = measured.map(({ name, title }): Series => ({
    name: title,
    colour: colours.get(name) ?? '#f06595',
  }));
  const sizes = distinct(rows, ({ sizeBytes }) => sizeBytes);
  const connections = distinct(rows, (workload) => workload.connections);
  const rowOf = (name: string, wanted: Workload): Row | undefined =>
    rows.find(
      ({ contender, workload }) =>
        contender === name &&
        workload.sizeBytes === wanted.sizeBytes &&
        workload.mode === wanted.mode &&
        workload.connections === wanted.connections,
    );
  const bar = (name: string, wanted: Workload): Row['figures']['p50Ms'] => {
    const figures = rowOf(name, wanted)?.figures;
    return figures?.deliveredPerSecond ?? figures?.acknowledgedPerSecond ?? null;
  };
  const panels = modes
    .filter((mode) => rows.some(({ workload }) => workload.mode === mode))
    .flatMap((mode) =>
      sizes.map((sizeBytes) => ({
        title: `${formatSize(sizeBytes)}, ${modeNames[mode]}`,
        groups: connections.map((count) => ({
          label: `${count} ${count === 1 ? 'connection' : 'connections'}`,
          bars: measured.map(({ name }) => bar(name, { sizeBytes, mode, connections: count })),
        })),
      })),
    );
  return drawBars({
    title: 'Letters a second, delivered durably over TLS 1.3 (medians; whiskers from the least to the most)',
    series,
    panels,
    columns: Math.max(1, sizes.length),
  });
}

const distinct = (rows: readonly Row[], of: (workload: Workload) => number): number[] =>
  [...new Set(rows.map(({ workload }) => of(workload)))].sort((a, b) => a - b);
