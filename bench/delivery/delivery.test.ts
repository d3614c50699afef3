import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contenders } from './contenders/all.ts';
import { LetterMaker } from './letter.ts';
import { measureAll } from './measure.ts';
import { readOptions } from './options.ts';
import type { Results, Row } from './results.ts';
import { writeResults } from './writing.ts';

const off = process.platform === 'linux' ? false : 'what processes cost is read from /proc, which Linux has';

const arrived = ({ contender, delivered }: Row): readonly unknown[] => [contender, delivered];

test('what is acknowledged has arrived, and comes into the report', { skip: off }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'letterlock-delivery.'));
  try {
    const args =
      `--contenders letterlock,floor-discard --sizes 4096 --connections 2 --modes one,pipe --repeat 1
      --seconds 0.2 --warm-up 0.1 --folder ${folder}`.split(/\s+/);
    const asked = readOptions(args, contenders);
    assert.ok(asked.is === 'plan');
    const results = await measureAll({ ...asked.plan, tell: () => undefined });
    assert.equal(results.rows.length, 4);
    for (const { contender, workload, acknowledged, delivered, failures, protection } of results.rows) {
      const what = `${contender}, ${workload.mode}`;
      assert.deepEqual(failures, {}, what);
      assert.ok(acknowledged > 0, what);
      assert.equal(delivered, acknowledged, what);
      assert.match(protection, /^TLSv1\.3 /, what);
    }
    const file = join(folder, 'delivery.json');
    writeResults(results, file);
    const read = JSON.parse(readFileSync(file, 'utf8')) as Results;
    assert.deepEqual(read.participants, results.participants);
    assert.deepEqual(read.rows.map(arrived), results.rows.map(arrived));
    const table = readFileSync(join(folder, 'DELIVERY.md'), 'utf8');
    assert.match(table, /^\| Letterlock \| [\d.,]+/m);
    assert.match(readFileSync(join(folder, 'delivery.svg'), 'utf8'), /<title>Letterlock: [\d.]+ /);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('letters have the size that was asked for, end once, and differ', () => {
  for (const size of [1024, 4096, 102_400]) {
    const maker = new LetterMaker(size, 1);
    const texts = [1, 2].map((number) => maker.make(number).bytes.toString('latin1'));
    for (const text of texts) {
      assert.equal(text.length, size + '.\r\n'.length);
      assert.equal(text.indexOf('\r\n.'), text.length - '\r\n.\r\n'.length);
      assert.doesNotMatch(text, /(?:^|[^\r])\n|\r(?!\n)/);
      assert.equal(new Set(text.match(/Message-ID: <\S+>/g)).size, 1);
    }
    assert.notEqual(texts[0], texts[1]);
  }
});

test('a command line that makes no sense is told of', () => {
  for (const [args, why] of [
    [['--contenders', 'sendmail'], /^sendmail is none of letterlock, /],
    [['--modes', 'fast'], /^fast is none of one, many, pipe$/],
    [['--sizes', '10'], /^10 is not a size of at least 1024$/],
    [['--seconds', '0'], /^0 is no number of seconds/],
    [['--fast'], /--fast/],
  ] as const) {
    const asked = readOptions(args, contenders);
    assert.ok(asked.is === 'mistake');
    assert.match(asked.why, why);
  }
});
