import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCapture, type CapturedPacket } from './capture-pcapng.ts';
import { CaptureDamaged, readCapture, saidBy } from './capture-reader.ts';
import { maximumSegmentBytes, TcpConversation, type Side } from './capture-segments.ts';

const ends = {
  client: { address: '127.0.0.1', port: 50_123 },
  server: { address: '127.0.0.9', port: 4650 },
};

function fileOf(frames: readonly Uint8Array[], keyLog: string | null = null): Uint8Array {
  const packets = frames.map((frame, index): CapturedPacket => ({ atNs: BigInt(index) + 2n ** 60n, frame }));
  return formatCapture({ interfaceName: 'lo', keyLog, packets });
}

test('what both sides say is put together again, across the end of the sequence numbers', () => {
  const turns = fc.array(
    fc.record({
      from: fc.constantFrom<Side>('client', 'server'),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 3 * maximumSegmentBytes }),
    }),
    { maxLength: 8 },
  );
  const sequence = fc.oneof(fc.nat(0xffff_ffff), fc.integer({ min: 0xffff_f000, max: 0xffff_ffff }));
  fc.assert(
    fc.property(turns, sequence, sequence, (said, client, server) => {
      const conversation = new TcpConversation(ends, { client, server });
      const frames = [...conversation.asked(), ...conversation.opened()];
      for (const { from, bytes } of said) frames.push(...conversation.sent(from, bytes));
      frames.push(...conversation.ended('client'), ...conversation.ended('server'));
      const read = readCapture(fileOf(frames));
      assert.equal(read.packets.length, frames.length);
      const [found, ...others] = read.conversations;
      assert.ok(found !== undefined && others.length === 0);
      assert.deepEqual(
        { client: found.client, server: found.server, end: found.end },
        { ...ends, end: 'ended' },
      );
      for (const side of ['client', 'server'] as const) {
        const expected = Buffer.concat(said.filter(({ from }) => from === side).map(({ bytes }) => bytes));
        assert.ok(saidBy(found, side).equals(expected));
      }
    }),
    { interruptAfterTimeLimit: 1000, markInterruptAsFailure: false },
  );
});

test('a connection packet by packet', () => {
  const conversation = new TcpConversation(ends, { client: 1000, server: 0xffff_ffff });
  const frames = [
    ...conversation.asked(),
    ...conversation.opened(),
    ...conversation.sent('client', Buffer.alloc(maximumSegmentBytes + 1, 'x')),
    ...conversation.ended('server'),
    ...conversation.reset('client'),
  ];
  assert.deepEqual(
    frames.map((frame) => {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
      const flags = view.getUint8(47).toString(2).padStart(5, '0');
      return `${view.getUint16(34)} ${view.getUint32(38)} ${view.getUint32(42)} ${flags} ${frame.length}`;
    }),
    [
      '50123 1000 0 00010 58',
      '4650 4294967295 1001 10010 58',
      '50123 1001 0 10000 54',
      '50123 1001 0 10000 1514',
      '4650 0 2461 10000 54',
      '50123 2461 0 11000 55',
      '4650 0 2462 10000 54',
      '4650 0 2462 10001 54',
      '50123 2462 1 10000 54',
      '50123 2462 1 10100 54',
    ],
  );
  // Maximum segment size, in the two packets that open the connection.
  for (const frame of frames.slice(0, 2)) assert.deepEqual([...frame.subarray(54)], [2, 4, 5, 180]);
});

test('checksums as another program made them', () => {
  // Checked with Wireshark, which calls both of them correct.
  const [frame] = new TcpConversation(ends, { client: 0x0102_0304, server: 0 }).asked();
  assert.ok(frame !== undefined);
  assert.equal(Buffer.from(frame.subarray(24, 26)).toString('hex'), '3cc2');
  assert.equal(Buffer.from(frame.subarray(50, 52)).toString('hex'), 'c020');
});

test('a changed bit is found wherever it matters', () => {
  const conversation = new TcpConversation(ends, { client: 7, server: 9 });
  const frames = [
    ...conversation.asked(),
    ...conversation.opened(),
    ...conversation.sent('client', Buffer.from('a letter')),
  ];
  const said = frames[3];
  assert.ok(said !== undefined);
  // From the IPv4 header on: Ethernet has its checksum where no capture sees it.
  for (let bit = 14 * 8; bit < said.length * 8; bit += 1) {
    const changed = frames.map((frame) => Uint8Array.from(frame));
    const octet = changed[3]?.[bit >> 3];
    if (changed[3] !== undefined && octet !== undefined) changed[3][bit >> 3] = octet ^ (1 << (bit & 7));
    assert.throws(() => readCapture(fileOf(changed)), CaptureDamaged, `bit ${bit}`);
  }
});

test('a packet that is missing, twice or out of order is found', () => {
  const conversation = new TcpConversation(ends, { client: 7, server: 9 });
  const frames = [
    ...conversation.asked(),
    ...conversation.opened(),
    ...conversation.sent('client', Buffer.from('one')),
    ...conversation.sent('server', Buffer.from('two')),
    ...conversation.ended('client'),
  ];
  const said = [3, 5, 7];
  for (const index of said) {
    assert.throws(() => readCapture(fileOf(frames.toSpliced(index, 1))), CaptureDamaged);
    assert.throws(
      () => readCapture(fileOf(frames.toSpliced(index, 0, ...frames.slice(index, index + 1)))),
      CaptureDamaged,
    );
  }
  assert.throws(() => readCapture(fileOf(frames.slice(1))), CaptureDamaged);
});
