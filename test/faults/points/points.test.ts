import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { loseUnsynced, readNotes, type Loss } from './notes.ts';
import { placesIn } from './places.ts';
import { points, type Finds } from './points.ts';
import { run, scenarios, type Scenario } from './scenarios.ts';

/** Where there is time, every single step is a point. */
const isThorough = process.env['LETTERLOCK_ROUNDS'] !== undefined;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'letterlock-points.'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
// A process that finds its program compiled is there in half the time.
process.env['NODE_COMPILE_CACHE'] = path.join(folder, 'compiled');

/** What a scenario begins and ends with, and the steps in between. */
type Course = {
  readonly template: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly steps: readonly string[];
};

let copies = 0;

const copyOf = (root: string): string => {
  const copy = path.join(folder, `copy-${(copies += 1)}`);
  fs.cpSync(root, copy, { recursive: true, preserveTimestamps: true });
  return copy;
};

const lookAt = (scenario: Scenario, root: string): Promise<unknown> => scenario.look(placesIn(root));

const courses = new Map<Scenario, Promise<Course>>();

const courseOf = (scenario: Scenario): Promise<Course> => {
  const course = courses.get(scenario) ?? runWhole(scenario);
  courses.set(scenario, course);
  return course;
};

const runWhole = async (scenario: Scenario): Promise<Course> => {
  const template = path.join(folder, scenario.name);
  fs.mkdirSync(template);
  await scenario.prepare(placesIn(template));
  const before = await lookAt(scenario, copyOf(template));
  const whole = copyOf(template);
  assert.equal(await run(scenario, whole, null), 'ended');
  const steps = readNotes(`${whole}.notes`).flatMap((note) => (note.did === 'step' ? note.name : []));
  const course = { template, before, after: await lookAt(scenario, whole), steps };
  return course;
};

const allowed = (finds: Finds, loss: Loss | null): readonly ('before' | 'after')[] => {
  switch (finds) {
    case 'nothing':
      return ['before'];
    case 'all':
      return ['after'];
    case 'all, or nothing after a power failure':
      return loss === null ? ['after'] : ['before', 'after'];
  }
};

/** What is looked at after each crash: what is there, and what a power failure would have left of it. */
const losses: readonly (Loss | null)[] = [null, 'names and bytes', ...(isThorough ? ['bytes' as const] : [])];

/** An import remembers what it has done; the others only find what is there. */
const mustRepeat = ({ name, again }: Scenario, loss: Loss | null): boolean =>
  again === 'the same' && (loss === null || name === 'import');

/** Whoever was not answered does it once more. */
const doAgain = async (
  scenario: Scenario,
  root: string,
  course: Omit<Course, 'template'>,
  what: string,
): Promise<void> => {
  const ended = await run(scenario, root, null);
  assert.ok(ended === 'ended' || scenario.again === 'refused', what);
  const found = await lookAt(scenario, root);
  if (scenario.again !== 'once more') assert.deepEqual(found, course.after, `${what}, and again`);
};

/** Kills the program at the step; looks at what is there, and at what a power failure would have left of it. */
const crash = async (
  scenario: Scenario,
  { template, ...course }: Course,
  step: string,
  finds: (loss: Loss | null) => readonly ('before' | 'after')[],
): Promise<void> => {
  const crashed = copyOf(template);
  assert.equal(await run(scenario, crashed, step), 'killed', `the step "${step}" is not reached`);
  const notes = readNotes(`${crashed}.notes`);
  for (const loss of losses) {
    const what = `${scenario.name}, ${step}, ${loss === null ? 'killed' : `power failed, ${loss}`}`;
    // What was written down has the paths of the place where it was done.
    const kept = copyOf(crashed);
    if (loss !== null) loseUnsynced(notes, loss);
    const found = await lookAt(scenario, crashed);
    const is = finds(loss).some((one) => isDeepStrictEqual(found, course[one]));
    if (!is) assert.deepEqual(found, course[finds(loss)[0] ?? 'before'], what);
    if (isThorough || mustRepeat(scenario, loss)) await doAgain(scenario, crashed, course, what);
    fs.rmSync(crashed, { recursive: true });
    fs.renameSync(kept, crashed);
  }
  for (const place of [crashed, `${crashed}.notes`]) fs.rmSync(place, { recursive: true });
};

describe('kill -9 and power failure at every named point', () => {
  for (const scenario of scenarios)
    test(scenario.name, async () => {
      const course = await courseOf(scenario);
      for (const { step, finds } of points.get(scenario.name) ?? [])
        await crash(scenario, course, step, (loss) => allowed(finds, loss));
    });
});

test('docs/STORE.md has the same points, and says the same of them', () => {
  const text = fs.readFileSync(path.join(import.meta.dirname, '..', '..', '..', 'docs', 'STORE.md'), 'utf8');
  const rows = text
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('**', '')));
  const told = new Set<string>();
  let columns: readonly string[] = [];
  for (const cells of rows) {
    if (cells.length < 3) columns = [];
    else if (cells.includes('point')) columns = cells;
    const at = (name: string): string => cells[columns.indexOf(name)] ?? '';
    if (!columns.includes('point') || cells === columns || at('point').startsWith('---')) continue;
    told.add([at('what') || 'deliver', at('point'), at('a restart finds')].join(' | '));
  }
  const known = [...points].flatMap(([name, all]) =>
    all.map(({ point, finds }) => [name.replace(/^deliver .*/, 'deliver'), point, finds].join(' | ')),
  );
  assert.deepEqual([...told].sort(), [...new Set(known)].sort());
});

if (isThorough)
  describe('kill -9 and power failure at every step', () => {
    for (const scenario of scenarios)
      test(scenario.name, async () => {
        const course = await courseOf(scenario);
        for (const step of course.steps) await crash(scenario, course, step, () => ['before', 'after']);
      });
  });
