import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verbs } from '../smtp/command.ts';
import { foreignProtocol, mayBeForeign, openingBytes, type ForeignProtocol } from './foreign.ts';

const openings: readonly (readonly [string, ForeignProtocol | null])[] = [
  ['GET / HTTP/1.1', 'HTTP'],
  ['GET ', 'HTTP'],
  ['POST /x', 'HTTP'],
  ['OPTIONS *', 'HTTP'],
  ['PRI * HTTP/2.0', 'HTTP'],
  ['GET', null],
  ['GETS ', null],
  ['get / http/1.1', null],
  ['HELO HTTP/1.1', null],
  [' GET /', null],
  ['', null],
  ['\x16', 'TLS'],
  ['\x16\x03\x01', 'TLS'],
  ['\x15\x03\x01', null],
  ['PROXY TCP4 192.0.2.7', 'PROXY'],
  ['PROXY UNKNOWN', 'PROXY'],
  ['PROXY', null],
  ['\0\r\nQUIT\n', 'PROXY'],
];
for (const [opening, protocol] of openings)
  test(`${JSON.stringify(opening)} is ${protocol ?? 'no other protocol'}, and so is what is cut behind it`, () => {
    assert.equal(foreignProtocol(Buffer.from(opening, 'latin1')), protocol);
    assert.equal(foreignProtocol(Buffer.from(opening, 'latin1').subarray(0, openingBytes)), protocol);
    if (protocol !== null) assert(mayBeForeign(opening.charCodeAt(0)));
  });

test('no command is taken for another protocol', () => {
  for (const verb of verbs) assert.equal(foreignProtocol(Buffer.from(`${verb} x`)), null);
});
