import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnect, parseMenuCommand } from './menu-command.ts';
import { parseRemotePort } from './remote-port.ts';

test('what is typed at the menu', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['HELO', 'HELO', ''],
    ['ehlo', 'HELO', ''],
    ['helo my.host', 'HELO', 'my.host'],
    ['  auth ', 'AUTH', ''],
    ['mail   from', 'MAIL FROM', ''],
    ['Mail', 'MAIL FROM', ''],
    ['MAIL FROM:', 'MAIL FROM', ''],
    ['MAIL FROM:<nu1@447.edu>', 'MAIL FROM', '<nu1@447.edu>'],
    ['MAIL FROM: nu1@447.edu', 'MAIL FROM', 'nu1@447.edu'],
    ['mail nu1@447.edu', 'MAIL FROM', 'nu1@447.edu'],
    ['RCPT\tTO nu2', 'RCPT TO', 'nu2'],
    ['rcpt to', 'RCPT TO', ''],
    ['data', 'DATA', ''],
    ['rset', 'RSET', ''],
    ['Help', 'HELP', ''],
    ['quit', 'QUIT', ''],
  ];
  for (const [line, command, argument] of table) {
    assert.deepEqual(parseMenuCommand(line), { command, argument }, line);
  }
  for (const line of [
    '',
    'x',
    'AUTH nu1',
    'QUIT now',
    'RSET now',
    'DATADATA',
    'HELOX',
    'MAILFROM',
    '__proto__',
    'Connect',
    '.',
  ]) {
    assert.equal(parseMenuCommand(line), null, line);
  }
});

test('what is typed while there is no connection', () => {
  for (const line of ['Connect', 'connect', ' CONNECT '])
    assert.deepEqual(parseConnect(line), { port: null }, line);
  for (const line of ['Connect 9001', 'connect to 9001', 'connect port 9001', 'connect to port 9001']) {
    assert.deepEqual(parseConnect(line), { port: '9001' }, line);
  }
  assert.deepEqual(parseConnect('connect nine'), { port: 'nine' });
  for (const line of ['', 'connected', 'con', 'connect 1 2', 'HELO'])
    assert.equal(parseConnect(line), null, line);
});

test('ports of servers', () => {
  assert.deepEqual(parseRemotePort('1'), { ok: true, value: 1 });
  assert.deepEqual(parseRemotePort('65535'), { ok: true, value: 65_535 });
  for (const text of ['0', '65536', '-1', '1e3', '0x50', ' 9', '', '9.0', '99999999', '٣']) {
    assert.equal(parseRemotePort(text).ok, false, text);
  }
});
