import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CommandReader, type CommandRead } from './command-reader.ts';

const limits = { numRuns: 5000, interruptAfterTimeLimit: 1500 };

/** What becomes of a literal: small ones are kept, some handed on, others swallowed. */
const fate = (sizeBytes: number, waits: boolean): 'keep' | 'stream' | 'swallow' | 'forget' => {
  if (sizeBytes <= 3) return 'keep';
  if (sizeBytes <= 6) return 'stream';
  return waits ? 'forget' : 'swallow';
};

/** What a reader makes of these pieces, up to the read that makes it useless; octets are joined. */
function seen(pieces: readonly Uint8Array[]): string[] {
  const reader = new CommandReader();
  const reads: string[] = [];
  let octets: string | null = null;
  for (const piece of pieces) {
    reader.push(piece);
    for (;;) {
      const read: CommandRead = reader.next(40, 60);
      if (read.got === 'nothing') break;
      if (read.got === 'octets') {
        octets = (octets ?? '') + read.octets.toString('latin1');
        if (read.leftBytes === 0) {
          reads.push(`octets ${octets}`);
          octets = null;
        }
        continue;
      }
      reads.push(take(reader, read));
      if (read.got === 'endless' || read.got === 'bare-cr' || read.got === 'bare-lf') return reads;
    }
  }
  return reads;
}

function take(reader: CommandReader, read: Exclude<CommandRead, { got: 'nothing' | 'octets' }>): string {
  if (read.got === 'command') {
    const { texts, literals } = read.gathered;
    const parts = texts.flatMap((text, index) => [
      text,
      ...(index < literals.length ? [`<${literals[index]?.octets.toString('latin1')}>`] : []),
    ]);
    return `command ${parts.join('')}`;
  }
  if (read.got !== 'announced') return read.got;
  const { announced } = read;
  const becomes = fate(announced.sizeBytes, announced.waits);
  if (becomes === 'forget') reader.forget();
  else reader[becomes](announced);
  return becomes;
}

const cutAt = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b),
    bytes.length,
  ];
  return sorted.slice(1).map((end, index) => Buffer.from(bytes.subarray(sorted[index], end)));
};

const words = fc
  .array(
    fc.constantFrom(
      'a ',
      'NOOP',
      '\r\n',
      '\r\n',
      '{0}\r\n',
      '{2}\r\n',
      '{2+}\r\n',
      '{5+}\r\n',
      '{5}\r\n',
      '{9+}\r\n',
      '{9}\r\n',
      '~{3}\r\n',
      '{-1}\r\n',
      '{99999+}\r\n',
      'xx',
      'x\r\nyy',
      '\r',
      '\n',
      '\0',
      '"{1}"',
      '{1} ',
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

test('any split of any bytes gives what one octet at a time gives', () => {
  fc.assert(
    fc.property(words, fc.array(fc.nat(200), { maxLength: 8 }), (bytes, places) => {
      const single = seen(Array.from(bytes, (octet) => Buffer.of(octet)));
      assert.deepEqual(seen(cutAt(bytes, places)), single);
      assert.deepEqual(seen([bytes]), single);
    }),
    limits,
  );
});

const readings: readonly (readonly [bytes: string, reads: readonly string[]])[] = [
  ['a NOOP\r\nb NOOP\r\n', ['command a NOOP', 'command b NOOP']],
  ['a X {2}\r\nxy z\r\n', ['keep', 'command a X <xy> z']],
  ['a X {0}\r\n\r\n', ['keep', 'command a X <>']],
  ['a X {5}\r\n1\r\n45\r\n', ['stream', 'octets 1\r\n45', 'command a X <>']],
  // The client waits, so that nothing of the literal comes.
  ['a X {9}\r\nb NOOP\r\n', ['forget', 'command b NOOP']],
  ['a X {9+}\r\nb NOOP\r\n. {8+}\r\nc NOOP\r\n z\r\nd NOOP\r\n', ['swallow', 'swallowed', 'command d NOOP']],
  ['a X {9+}\r\n123456789 {5}\r\nb NOOP\r\n', ['swallow', 'swallowed', 'command b NOOP']],
  ['a X {99+}\r\n', ['swallow', 'endless']],
  ['a X {9+}\r\n123456789{52+}\r\n', ['swallow', 'endless']],
  [`a ${'x'.repeat(60)}\r\n`, ['endless']],
  [`a ${'x'.repeat(30)} {3}\r\nabc ${'y'.repeat(20)}\r\n`, ['keep', 'endless']],
  ['a NOOP\n', ['bare-lf']],
  ['a NOOP\rb', ['bare-cr']],
  ['a X "{1}"\r\n', ['command a X "{1}"']],
  ['a X {1}x\r\n', ['command a X {1}x']],
];
for (const [bytes, reads] of readings)
  test(`${JSON.stringify(bytes.slice(0, 40))} is read as ${reads.join(', ')}`, () =>
    assert.deepEqual(seen([Buffer.from(bytes)]), reads));

test('thousands of literals of a refused command take no stack', () => {
  const reader = new CommandReader();
  reader.push(Buffer.from(`a X {5+}\r\n12345${'{0+}\r\n'.repeat(200_000)}\r\nb NOOP\r\n`));
  const read = reader.next(100, 10_000_000);
  assert.equal(read.got, 'announced');
  if (read.got === 'announced') reader.swallow(read.announced);
  assert.equal(reader.next(100, 10_000_000).got, 'swallowed');
  assert.equal(reader.next(100, 10_000_000).got, 'command');
});

test('a literal that was announced and does not come takes no memory', () => {
  const reader = new CommandReader();
  reader.push(Buffer.from('a X {4000000000+}\r\n'));
  const read = reader.next(100, 5_000_000_000);
  assert(read.got === 'announced');
  reader.swallow(read.announced);
  assert.equal(reader.next(100, 5_000_000_000).got, 'nothing');
  assert.equal(reader.keptBytes, 0);
});
