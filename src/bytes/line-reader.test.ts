import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineReader, type LineRead } from './line-reader.ts';

const limits = { numRuns: 5000, interruptAfterTimeLimit: 1500 };

type Seen = string;

/** What a reader gives for these pieces, up to the read that makes it useless. */
function seen(pieces: readonly Uint8Array[], maxBytes: number, giveUpBytes: number): Seen[] {
  const reader = new LineReader();
  const reads: Seen[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      const read: LineRead = reader.next(maxBytes, giveUpBytes);
      if (read.got === 'nothing') break;
      reads.push(read.got === 'line' ? `line ${read.line.toString('latin1')}` : read.got);
      if (read.got !== 'line' && read.got !== 'too-long') return reads;
    }
  }
  return reads;
}

/** The same, one octet at a time, written down as slowly and plainly as it can be. */
function plainly(text: string, maxBytes: number, giveUpBytes: number): Seen[] {
  const reads: Seen[] = [];
  let line = '';
  for (const octet of text) {
    if (line.endsWith('\r') && octet !== '\n') return [...reads, 'bare-cr'];
    if (octet === '\n') {
      if (!line.endsWith('\r')) return [...reads, 'bare-lf'];
      reads.push(line.length + 1 > maxBytes ? 'too-long' : `line ${line.slice(0, -1)}`);
      line = '';
      continue;
    }
    line += octet;
    const length = octet === '\r' ? line.length - 1 : line.length;
    if (length > giveUpBytes) return [...reads, 'endless'];
  }
  return reads;
}

/** The bytes cut at these places. */
function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  // Each piece in memory of its own, and some of it in front: nobody may look outside of the view.
  return sorted.slice(1).map((end, index) => {
    const piece = bytes.subarray(sorted[index], end);
    return Buffer.concat([Buffer.from('\r\n\r\n'), piece]).subarray(4);
  });
}

const octets = fc
  .array(fc.constantFrom('a', 'bc', '\r\n', '\r\n', '\r', '\n', 'xxxxxxxx', '\0', '\u00ff'), {
    maxLength: 30,
  })
  .map((parts) => parts.join(''));

test('any split of any bytes gives what one octet at a time gives', () => {
  fc.assert(
    fc.property(
      octets,
      fc.array(fc.nat(300), { maxLength: 12 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 0, max: 30 }),
      (text, places, maxBytes, more) => {
        const bytes = Buffer.from(text, 'latin1');
        const expected = plainly(text, maxBytes, maxBytes + more);
        assert.deepEqual(seen(cutAt(bytes, places), maxBytes, maxBytes + more), expected);
        const single = Array.from(bytes, (octet) => Buffer.of(octet));
        assert.deepEqual(seen(single, maxBytes, maxBytes + more), expected);
      },
    ),
    limits,
  );
});

test('lines, and what is left of them', () => {
  const reader = new LineReader();
  reader.push(Buffer.from('one\r\n\r\nthree'));
  assert.deepEqual(reader.next(100, 100), { got: 'line', line: Buffer.from('one') });
  assert.deepEqual(reader.next(100, 100), { got: 'line', line: Buffer.from('') });
  assert.equal(reader.heldBytes, 5);
  assert.deepEqual(reader.next(100, 100), { got: 'nothing' });
  reader.push(Buffer.from(' and\r\nrest'));
  assert.deepEqual(reader.next(100, 100), { got: 'line', line: Buffer.from('three and') });
  assert.equal(reader.takeRest().toString(), 'rest');
  assert.equal(reader.heldBytes, 0);
  reader.push(Buffer.from('new\r\n'));
  assert.deepEqual(reader.next(100, 100), { got: 'line', line: Buffer.from('new') });
});

test('the longest line, and one octet more', () => {
  assert.deepEqual(seen([Buffer.from('12345678\r\n123456789\r\n')], 10, 100), ['line 12345678', 'too-long']);
});

test('a chunk is let go once it was read, and what is left of it is kept in little memory', () => {
  const reader = new LineReader();
  reader.push(Buffer.concat([Buffer.alloc(65_532, 'NOOP\r\n'), Buffer.from('NO')]));
  while (reader.next(2048, 4096).got === 'line');
  assert.equal(reader.heldBytes, 2);
  assert(reader.keptBytes <= 512, `${reader.keptBytes} octets are kept for 2`);
  reader.push(Buffer.from('OP\r\n'));
  assert.deepEqual(reader.next(2048, 4096), { got: 'line', line: Buffer.from('NOOP') });
  assert.equal(reader.next(2048, 4096).got, 'nothing');
  assert.equal(reader.keptBytes, 0);
});

test('memory stays near the longest line, however long the line and small its pieces', () => {
  const reader = new LineReader();
  const piece = Buffer.alloc(3, 'x');
  for (let sent = 0; sent < 300_000; sent += 3) {
    reader.push(piece);
    assert.equal(reader.next(12_288, 1_000_000).got, 'nothing');
    if (reader.keptBytes > 40_000) assert.fail(`${reader.keptBytes} octets are kept`);
  }
});

test('a chunk that was read to its end is let go at once', () => {
  const reader = new LineReader();
  reader.push(Buffer.from('NOOP\r\n'));
  assert.equal(reader.next(2048, 4096).got, 'line');
  assert.equal(reader.keptBytes, 0);
});
