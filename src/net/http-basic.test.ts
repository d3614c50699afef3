import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBasic } from './http-basic.ts';

const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64');

/** RFC 7617 section 2. */
test('Basic credentials are read in UTF-8, cut at the first colon', () => {
  const valid: readonly (readonly [string, string, string])[] = [
    [`Basic ${encode('nu1@447.edu:pencil')}`, 'nu1@447.edu', 'pencil'],
    [`basic   ${encode('nu1:a:b:')} `, 'nu1', 'a:b:'],
    [`BASIC ${encode('nü:☂')}`, 'nü', '☂'],
    [`Basic ${encode(':')}`, '', ''],
  ];
  for (const [field, user, password] of valid) {
    const read = parseBasic(field);
    assert.equal(read?.user, user);
    assert.equal(read.password.reveal(), password);
  }
});

test('what is no Basic, no base64, no UTF-8 or has control characters is none', () => {
  const invalid = [
    '',
    'Basic',
    'Basic ',
    'Bearer abc',
    `Basic ${encode('no colon')}`,
    `Basic ${encode('nu1:x')}, Basic ${encode('nu1:y')}`,
    `Basic ${encode('nu1:pencil').replace(/=+$/, '')}!`,
    'Basic bnUxOng',
    'Basic bnUxOnh=',
    `Basic ${encode(Buffer.from([0x6e, 0x3a, 0xff]))}`,
    `Basic ${encode('nu1\0:x')}`,
    `Basic ${encode('nu1:x\u0085')}`,
    `Basic\t${encode('nu1:x')}`,
  ];
  for (const field of invalid) assert.equal(parseBasic(field), null, field);
});
