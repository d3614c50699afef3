import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decode, encode } from 'dns-packet';
import {
  formatQuery,
  matchResponse,
  questionName,
  readResponse,
  respell,
  type Query,
} from './resolver-message.ts';
import { isLoopback, parseNameServer, parseResolvConf, systemNameServers } from './resolver-servers.ts';

const query: Query = { id: 4711, name: 'ExAmple.org', type: 'TXT', edns: true };

test('a query asks for one name, recursion, the AD bit and datagrams that fit', () => {
  const packet = decode(formatQuery(query));
  assert.deepEqual(packet.questions, [{ name: 'ExAmple.org', type: 'TXT', class: 'IN' }]);
  assert.equal(packet.id, 4711);
  assert.deepEqual([packet.flag_rd, packet.flag_ad, packet.flag_qr], [true, true, false]);
  const [opt] = packet.additionals ?? [];
  assert(opt?.type === 'OPT');
  assert.equal(opt.udpPayloadSize, 1232);
  assert.deepEqual(decode(formatQuery({ ...query, edns: false })).additionals, []);
});

test('another spelling is the same name', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bits) => {
      assert.equal(respell('mail.example-1.org', bits).toLowerCase(), 'mail.example-1.org');
    }),
  );
  assert.equal(respell('abc', Uint8Array.of(0b101)), 'AbC');
});

test('any bytes are a stranger or an answer, and never an error', () => {
  const genuine = encode({
    type: 'response',
    id: 4711,
    questions: [{ type: 'TXT', name: 'ExAmple.org' }],
    answers: [],
  });
  assert.equal(matchResponse(query, genuine).is, 'response');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(genuine.length), (noise, at) => {
      const bytes = Buffer.from(genuine);
      bytes.set(noise.subarray(0, bytes.length - at), at);
      for (const one of [noise, bytes, Buffer.concat([genuine, noise])]) {
        const match = matchResponse(query, one);
        if (match.is !== 'stranger') readResponse(match.packet, query.name, 'TXT');
      }
    }),
    { interruptAfterTimeLimit: 1500, numRuns: 2000 },
  );
});

test('a query sent back is no answer', () => {
  assert.equal(matchResponse(query, formatQuery(query)).is, 'stranger');
});

for (const [name, asked] of [
  ['Example.ORG.', 'example.org'],
  ['_dmarc.example.org', '_dmarc.example.org'],
  ['a..b', null],
  ['.a', null],
  ['', null],
  ['a\nb.example', null],
] as const) {
  test(`the name ${JSON.stringify(name)} is asked for as ${asked}`, () =>
    assert.equal(questionName(name), asked));
}

for (const [text, server] of [
  ['192.0.2.1', { address: '192.0.2.1', port: 53 }],
  ['192.0.2.1:5353', { address: '192.0.2.1', port: 5353 }],
  ['2001:db8::1', { address: '2001:db8::1', port: 53 }],
  ['[2001:db8::1]:5353', { address: '2001:db8::1', port: 5353 }],
  ['[192.0.2.1]:53', null],
  ['192.0.2.1:0', null],
  ['192.0.2.1:65536', null],
  ['ns.example.org', null],
  ['', null],
] as const) {
  test(`the name server ${JSON.stringify(text)}`, () => assert.deepEqual(parseNameServer(text), server));
}

test('the lines of resolv.conf', () => {
  const text =
    '# c\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 # x\nnameserver nonsense\noptions edns0\nnameserver ::1\nnameserver 192.0.2.9\n';
  const servers = parseResolvConf(text);
  assert.deepEqual(
    servers.map(({ address }) => address),
    ['192.0.2.1', '2001:db8::1', '::1'],
  );
  assert.deepEqual(servers.map(isLoopback), [false, false, true]);
  assert.deepEqual(parseResolvConf(''), [{ address: '127.0.0.1', port: 53 }]);
});

test('a machine that names no name servers asks itself', () => {
  assert.deepEqual(systemNameServers('/nowhere/resolv.conf'), [{ address: '127.0.0.1', port: 53 }]);
});
