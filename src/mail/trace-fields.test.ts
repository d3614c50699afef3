import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDeliveredTo, formatReturnPath } from './trace-fields.ts';

test('the fields of delivery', () => {
  assert.equal(formatReturnPath(null), 'Return-Path: <>\r\n');
  assert.equal(
    formatReturnPath({ localPart: 'a b', domain: 'Example.org' }),
    'Return-Path: <"a b"@Example.org>\r\n',
  );
  assert.equal(
    formatDeliveredTo({ localPart: 'a+b', domain: 'bücher.example' }),
    'Delivered-To: a+b@xn--bcher-kva.example\r\n',
  );
});
