import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCapture } from './capture-pcapng.ts';
import { CaptureDamaged, readCapture } from './capture-reader.ts';
import { TcpConversation } from './capture-segments.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex');

test('the blocks, octet by octet', () => {
  const file = formatCapture({
    interfaceName: 'lo',
    comment: 'why',
    keyLog: 'A B C\n',
    packets: [{ atNs: 0x0102_0304_0506_0708n, frame: hex('aabbcc'), comment: 'hi' }],
  });
  const expected = hex(`
    0a0d0d0a 38000000 4d3c2b1a 0100 0000 ffffffffffffffff
      0400 0a00 6c65747465726c6f636b 0000  0100 0300 776879 00  0000 0000  38000000
    01000000 28000000 0100 0000 00000000  0200 0200 6c6f 0000  0900 0100 09 000000  0000 0000  28000000
    0a000000 1c000000 4b534c54 06000000 41204220430a 0000  1c000000
    06000000 30000000 00000000 04030201 08070605 03000000 03000000 aabbcc 00
      0100 0200 6869 0000  0000 0000  30000000
  `);
  assert.equal(Buffer.from(file).toString('hex'), expected.toString('hex'));
});

test('a capture without secrets has no block for them', () => {
  const read = readCapture(formatCapture({ interfaceName: 'lo', keyLog: null, packets: [] }));
  assert.deepEqual(read, { packets: [], keyLog: null, conversations: [] });
});

test('secrets and times are read back', () => {
  const ends = { client: { address: '10.0.0.1', port: 1 }, server: { address: '10.0.0.2', port: 2 } };
  const frames = new TcpConversation(ends, { client: 0, server: 0 }).asked();
  const packets = frames.map((frame) => ({ atNs: 1_790_000_000_123_456_789n, frame }));
  const read = readCapture(formatCapture({ interfaceName: 'lo', keyLog: 'L r s\n', packets }));
  assert.equal(read.keyLog, 'L r s\n');
  assert.deepEqual(
    read.packets.map(({ atNs }) => atNs),
    [1_790_000_000_123_456_789n],
  );
});

test('a file cut anywhere but between two blocks is damaged', () => {
  const file = formatCapture({ interfaceName: 'lo', keyLog: 'L r s\n', packets: [] });
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const whole = new Set<number>();
  for (let at = 0; at < file.length; at += view.getUint32(at + 4, true)) whole.add(at);
  whole.delete(0);
  for (let length = 0; length < file.length; length += 1) {
    const read = (): unknown => readCapture(file.subarray(0, length));
    if (whole.has(length)) assert.doesNotThrow(read);
    else assert.throws(read, CaptureDamaged, `${length} octets`);
  }
});

test('a comment that its field cannot hold is a fault', () => {
  const comment = 'x'.repeat(65_536);
  assert.throws(() => formatCapture({ interfaceName: 'lo', keyLog: null, comment, packets: [] }), RangeError);
});
