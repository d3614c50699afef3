import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProxyReader, type ProxyRead } from './proxy-protocol.ts';

/** What comes of bytes that are cut at these places; only what is between two pushes may be `more`. */
function read(bytes: Buffer, cuts: readonly number[] = []): ProxyRead {
  const reader = new ProxyReader();
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let result: ProxyRead = { got: 'more' };
  for (const [index, end] of places.slice(1).entries()) {
    result = reader.push(bytes.subarray(places[index], end));
    if (result.got === 'header')
      return { ...result, rest: Buffer.concat([result.rest, bytes.subarray(end)]) };
    if (result.got === 'wrong') return result;
  }
  return result;
}

/** What version 2 of the PROXY protocol begins with. */
const signature = '\r\n\r\n\0\r\nQUIT\n';

function binary(command: number, family: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const fixed = Buffer.from([command, family, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from(signature, 'latin1'), fixed, body]);
}

const extra = (type: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type, value.length >> 8, value.length & 255]), value]);

const ipv4 = Buffer.from('c0000207c6336401126702d1', 'hex');
const ipv6 = Buffer.from('20010db800000000000000000000000720010db8000000000000000000000019126702d1', 'hex');
const four = { remoteAddress: '192.0.2.7', remotePort: 4711, localAddress: '198.51.100.1', localPort: 721 };
const six = { remoteAddress: '2001:db8::7', remotePort: 4711, localAddress: '2001:db8::19', localPort: 721 };

const right: readonly (readonly [string, Buffer, object | null])[] = [
  ['TCP4', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 4711 721\r\n'), four],
  ['TCP6', Buffer.from('PROXY TCP6 2001:DB8:0::7 2001:db8::19 4711 721\r\n'), six],
  ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['UNKNOWN with more', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), null],
  ['version 2, IPv4', binary(0x21, 0x11, ipv4), four],
  ['version 2, IPv6', binary(0x21, 0x21, ipv6), six],
  ['version 2, local', binary(0x20, 0x11, ipv4), null],
  ['version 2, local, with anything in it', binary(0x20, 0x77, Buffer.from([1, 2])), null],
  [
    'an IPv4 address inside IPv6',
    Buffer.from('PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 721\r\n'),
    { ...four, localAddress: '::1' },
  ],
  ['version 2, unspecified', binary(0x21, 0x00, extra(4, Buffer.alloc(9))), null],
  ['version 2, a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), null],
  [
    'version 2, additions',
    binary(0x21, 0x11, ipv4, extra(2, Buffer.from('mail.example')), extra(4, Buffer.alloc(0))),
    four,
  ],
];
for (const [name, bytes, endpoints] of right) {
  test(`${name}: who is at the other end, whatever the cuts, and what the client sent behind it`, () => {
    const whole = Buffer.concat([bytes, Buffer.from('EHLO a\r\n')]);
    const expected = (result: ProxyRead): void => {
      assert(result.got === 'header', JSON.stringify(result));
      assert.deepEqual(result.endpoints, endpoints);
      assert.equal(result.rest.toString(), 'EHLO a\r\n');
    };
    expected(
      read(
        whole,
        Array.from(whole, (_, at) => at),
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.nat(300), { maxLength: 5 }), (cuts) => expected(read(whole, cuts))),
      { numRuns: 200 },
    );
    for (let length = 0; length < bytes.length; length += 1)
      assert.equal(read(bytes.subarray(0, length)).got, 'more', `${length} octets`);
  });
}

/** The same division, written the other way. */
test('a checksum that is there is right', () => {
  const value = Buffer.alloc(4);
  const header = binary(0x21, 0x11, ipv4, extra(3, value));
  let crc = 0xffffffff;
  for (const byte of header) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc % 2 === 0 ? 0 : 0x82f63b78);
  }
  header.writeUInt32BE((crc ^ 0xffffffff) >>> 0, header.length - 4);
  assert.equal(read(header).got, 'header');
  header[20] = (header[20] ?? 0) ^ 1;
  assert.equal(read(header).got, 'wrong');
});

const refused: readonly (readonly [string, Buffer])[] = [
  ['SMTP', Buffer.from('EHLO a\r\n')],
  ['a TLS record', Buffer.from('1603010200', 'hex')],
  ['lower case', Buffer.from('proxy TCP4 192.0.2.7 198.51.100.1 4711 721\r\n')],
  ['another protocol', Buffer.from('PROXY TCP5 192.0.2.7 198.51.100.1 4711 721\r\n')],
  ['another family', Buffer.from('PROXY TCP4 2001:db8::7 198.51.100.1 4711 721\r\n')],
  ['leading zeros', Buffer.from('PROXY TCP4 192.0.2.07 198.51.100.1 4711 721\r\n')],
  ['leading zeros of a port', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 04711 721\r\n')],
  ['a port too high', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 65536 721\r\n')],
  ['something behind', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 4711 721 \r\n')],
  ['a bare LF', Buffer.from(`PROXY TCP4 192.0.2.7 198.51.100.1 4711 721\n${'x'.repeat(107)}`)],
  ['an endless line', Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}`)],
  ['version 3', binary(0x31, 0x11, ipv4)],
  ['another command', binary(0x22, 0x11, ipv4)],
  ['UDP', binary(0x21, 0x12, ipv4)],
  ['addresses too short', binary(0x21, 0x11, ipv4.subarray(1))],
  ['an addition too long', binary(0x21, 0x11, ipv4, Buffer.from([2, 0, 1]))],
  ['half an addition', binary(0x21, 0x11, ipv4, Buffer.from([2, 0]))],
  ['a header too long', binary(0x21, 0x11, ipv4, Buffer.alloc(5000))],
  ['a checksum of three octets', binary(0x21, 0x11, ipv4, extra(3, Buffer.alloc(3)))],
];
for (const [name, bytes] of refused)
  test(`${name} is no header`, () => {
    assert.equal(read(bytes).got, 'wrong');
    assert.equal(
      read(
        bytes,
        Array.from(bytes, (_, at) => at),
      ).got,
      'wrong',
    );
  });

test('any bytes are one of three things, and little is held', () => {
  const start = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', signature, `${signature}!\x11\x00\x0c`);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
      const whole = Buffer.concat([Buffer.from(text, 'latin1'), bytes]);
      const result = read(whole, [3, 20]);
      assert(['more', 'header', 'wrong'].includes(result.got));
    }),
    { numRuns: 3000, interruptAfterTimeLimit: 1000 },
  );
});
