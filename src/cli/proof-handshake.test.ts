import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  NotTls,
  readClearMessage,
  readClientHello,
  readRecords,
  readServerHello,
  showNumber,
} from './proof-handshake.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex');
const random = '11'.repeat(32);

/** A ClientHello of TLS 1.3 with SNI, ALPN, two groups and one key share. */
const clientHello = hex(`
  0303 ${random} 00  0004 1302 1301  01 00
  0042
    0000 000e 000c 00 0009 6c6f63616c686f7374
    000a 0006 0004 11ec 001d
    0010 000e 000c 02 6832 08 687474702f312e31
    002b 0003 02 0304
    0033 0009 0007 11ec 0003 aabbcc`);
const serverHello = hex(`0303 ${random} 00 1302 00  000f  002b 0002 0304  0033 0005 11ec 0001 aa`);

test('a ClientHello', () => {
  assert.deepEqual(readClientHello(clientHello), {
    random: Buffer.alloc(32, 0x11),
    ciphers: [0x1302, 0x1301],
    versions: [0x0304],
    groups: [0x11ec, 0x001d],
    keyShares: [{ group: 0x11ec, sizeBytes: 3 }],
    serverName: 'localhost',
    applicationProtocols: ['h2', 'http/1.1'],
  });
});

test('a ServerHello, of TLS 1.3 and of 1.2', () => {
  const hello = { random: Buffer.alloc(32, 0x11), cipher: 0x1302 };
  const keyShare = { group: 0x11ec, sizeBytes: 1 };
  assert.deepEqual(readServerHello(serverHello), { ...hello, version: 0x0304, keyShare });
  const old = hex(`0303 ${random} 00 c030 00 0000`);
  assert.deepEqual(readServerHello(old), { ...hello, cipher: 0xc030, version: null, keyShare: null });
});

test('a HelloRetryRequest is no ServerHello', () => {
  const retry = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
  assert.throws(() => readServerHello(hex(`0303 ${retry} 00 1302 00 0006 002b 0002 0304`)), NotTls);
});

test('a hello cut anywhere, or with something after it, is refused', () => {
  for (const [read, whole] of [
    [readClientHello, clientHello],
    [readServerHello, serverHello],
  ] as const) {
    for (let length = 0; length < whole.length; length += 1) {
      assert.throws(() => read(whole.subarray(0, length)), NotTls, `${length} octets`);
    }
    assert.throws(() => read(Buffer.concat([whole, Buffer.alloc(1)])), NotTls);
  }
});

test('records, and the one message in the clear', () => {
  const said = hex('16 0301 0003 020000  16 0303 0002 01aa  14 0303 0001 01  17 0303 0002 bbcc');
  const records = readRecords(said);
  assert.deepEqual(
    records.map(({ type, body }) => `${type} ${body.length}`),
    ['22 3', '22 2', '20 1', '23 2'],
  );
  assert.deepEqual([...readClearMessage(records, 2)], [0xaa]);
  assert.throws(() => readClearMessage(records, 1), NotTls);
  assert.throws(() => readClearMessage(records.slice(2), 2), NotTls);
  const twice = readRecords(hex('16 0303 000a 02000001aa 0b000001bb'));
  assert.throws(() => readClearMessage(twice, 2), /more than one/);
});

test('bytes that are no record', () => {
  for (const said of [
    '323230206c6f63616c686f7374',
    '17 0303',
    '17 0303 0002 aa',
    '17 0303 0000',
    '17 0303 4101',
    '17 0304 0001 aa',
    '18 0303 0001 aa',
    '17 0303 0001 aa 0d0a',
  ]) {
    assert.throws(() => readRecords(hex(said)), NotTls, said);
  }
});

test('any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of [readRecords, readClientHello, readServerHello]) {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof NotTls);
        }
      }
    }),
    { interruptAfterTimeLimit: 500, markInterruptAsFailure: false },
  );
});

test('numbers with their names', () => {
  assert.equal(showNumber('group', 0x11ec), '0x11ec (X25519MLKEM768)');
  assert.equal(showNumber('version', 0x7f1c), '0x7f1c');
});
