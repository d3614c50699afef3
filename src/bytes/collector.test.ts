import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Collector } from './collector.ts';

/** The memory behind chunks, each part of it once. */
const keptBytes = (chunks: readonly Uint8Array[]): number =>
  [...new Set(chunks.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

const chunkOf = (sizeBytes: number): Uint8Array => new Uint8Array(sizeBytes).fill(sizeBytes);

test('what comes out is what went in, with memory close to it', () => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(5000), fc.constantFrom(1, 4095, 4096, 16_384, 20_000)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(sizes, (given) => {
      const collector = new Collector();
      const chunks = given.map(chunkOf);
      for (const chunk of chunks) collector.push(chunk);
      const expected = Buffer.concat(chunks);
      assert.equal(collector.sizeBytes, expected.length);
      const taken = collector.take();
      assert(expected.equals(Buffer.concat(taken)));
      assert(
        keptBytes(taken) <= 2 * expected.length,
        `${keptBytes(taken)} octets kept of ${expected.length}`,
      );
      assert.equal(collector.sizeBytes, 0);
      assert.deepEqual(collector.take(), []);
    }),
    { numRuns: 1000, interruptAfterTimeLimit: 1500 },
  );
});

test('an octet at a time costs no object each', () => {
  const collector = new Collector();
  for (let at = 0; at < 100_000; at += 1) collector.push(Uint8Array.of(at));
  const taken = collector.take();
  assert(taken.length < 20, `${taken.length} chunks`);
  assert(Buffer.concat(taken).every((octet, at) => octet === at % 256));
});

test('big and small chunks in turn keep no block each', () => {
  const collector = new Collector();
  for (let at = 0; at < 1000; at += 1) {
    collector.push(chunkOf(1));
    collector.push(chunkOf(4096));
  }
  const { sizeBytes } = collector;
  assert(keptBytes(collector.take()) <= 1.2 * sizeBytes);
});

test('a small chunk is copied: its memory may be used for something else', () => {
  const collector = new Collector();
  const chunk = Buffer.from('small');
  collector.push(chunk);
  chunk.fill(0);
  assert.equal(Buffer.concat(collector.take()).toString(), 'small');
});
