import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  formatMailbox,
  parseAddressList,
  readableAddressList,
  type AddressListItem,
} from './address-list.ts';
import { parseAddress } from './address.ts';

/** Compact: `name|local|domain`, groups as `name{…}`. */
const show = (items: readonly AddressListItem[]): string =>
  items
    .map((item) =>
      item.is === 'group'
        ? `${item.name}{${show(item.members)}}`
        : `${item.name ?? ''}|${item.address === null ? '' : `${item.address.localPart}|${item.address.domain}`}`,
    )
    .join(' ; ');

const cases: [string, string][] = [
  ['nu1@447.edu', '|nu1|447.edu'],
  ['<nu1@447.edu>', '|nu1|447.edu'],
  ['a@b, c@d', '|a|b ; |c|d'],
  [',, a@b ,,', '|a|b'],
  ['John Doe <j@x.org>', 'John Doe|j|x.org'],
  ['"Doe, John" <j@x.org>, Ann <a@x>', 'Doe, John|j|x.org ; Ann|a|x'],
  ['"a\\"b\\\\c" <j@x>', 'a"b\\c|j|x'],
  ['John Q. Public <j@x>', 'John Q. Public|j|x'],
  ['=?utf-8?q?J=C3=B6rg?= =?utf-8?q?_M?= <j@x>', 'Jörg M|j|x'],
  ['"=?utf-8?q?J=C3=B6rg?=" <j@x>', 'Jörg|j|x'],
  ['=?utf-8?q?Doe,_J?= <j@x>', 'Doe, J|j|x'],
  ['Jörg <jörg@bücher.example>', 'Jörg|jörg|bücher.example'],
  ['j@x (John Doe)', 'John Doe|j|x'],
  ['<j@x> (John (the) \\) Doe)', 'John (the) ) Doe|j|x'],
  ['(c1)John(c2) <(c3)j(c4)@(c5)x(c6)>(c7)', 'John|j|x'],
  ['"john doe"@x', '|john doe|x'],
  ['"a@b"@x', '|a@b|x'],
  ['john . doe @ x . org', '|john.doe|x.org'],
  ['<@r.org,@s.org:j@x>', '|j|x'],
  ['j@[192.0.2.1]', '|j|[192.0.2.1]'],
  ['J <j@[IPv6:::1]>, k@x', 'J|j|[IPv6:::1] ; |k|x'],
  ['Team: a@b, "C" <c@d>;, e@f', 'Team{|a|b ; C|c|d} ; |e|f'],
  ['undisclosed-recipients:;', 'undisclosed-recipients{}'],
  ['A:a@b', 'A{|a|b}'],
  ['root', 'root|'],
  ['J <>', 'J|'],
  ['J <j@x', 'J|j|x'],
  ['J <j@x, k@y', 'J|j|x ; |k|y'],
  ['"J <j@x>', 'J <j@x>|'],
  ['(open j@x', ''],
  ['', ''],
  ['<<a@b>>', '|a|b'],
  ['@ @', '@ @|'],
  ['__proto__ <__proto__@constructor>', '__proto__|__proto__|constructor'],
  ['a@b@c', '|a@b|c'],
  ['a\r\n b <c@d>', 'a b|c|d'],
];
for (const [text, expected] of cases)
  test(`address list: ${JSON.stringify(text)}`, () => assert.equal(show(parseAddressList(text)), expected));

test('for reading', () => {
  const readable = (text: string): string => readableAddressList(parseAddressList(text));
  assert.equal(readable('=?utf-8?q?J=C3=B6rg?= <j@x>, "A, B" <a@b>, c@d'), 'Jörg <j@x>, "A, B" <a@b>, c@d');
  assert.equal(readable('T: a@b, C <c@d>;'), 'T: a@b, C <c@d>;');
  assert.equal(readable('root'), 'root');
});

test('property: a list of written mailboxes is read back, in ASCII or with UTF-8', () => {
  const name = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...Array.from('é😀"\\ ,<>(@)=?._:;')),
      fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
    ),
    minLength: 1,
    maxLength: 90,
  });
  const address = fc
    .constantFrom('a@b.example', '"a b,>"@c', 'x@[192.0.2.1]', '"q\\"\\\\"@y', 'é@bücher.example')
    .map((text) => {
      const parsed = parseAddress(text);
      assert.ok(parsed.ok);
      return parsed.value;
    });
  const mailbox = fc.record({ name: fc.option(name), address }, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(mailbox, { maxLength: 5 }), (list) => {
      const items = list.map((one) => ({ is: 'mailbox', ...one }));
      assert.deepEqual(parseAddressList(list.map((one) => formatMailbox(one, 'utf-8')).join(', ')), items);
      const ascii = list.map((one) => formatMailbox(one, 'ascii')).join(', ');
      assert.deepEqual(
        parseAddressList(ascii).map((item) => item.is === 'mailbox' && item.name),
        list.map((one) => one.name),
      );
      assert.match(ascii.replaceAll('é@', '').replaceAll(/[ -~]/g, ''), /^$/);
    }),
    { interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});

test('property: what is read at one stroke is read the same word by word', () => {
  const piece = fc.constantFrom(
    'a',
    'B9',
    '.',
    ' ',
    '  ',
    '=?utf-8?q?x?=',
    '"',
    '\\',
    '<',
    '>',
    '@',
    '(',
    'é',
    '\t',
    ':',
  );
  const usual = fc
    .tuple(
      fc.constantFrom('', 'A B ', '"A, B" ', '"" ', '=?x?q?y?= ', "O'N-1 "),
      fc.array(piece, { maxLength: 4 }),
    )
    .map(([name, domain]) => `${name}<a.b@${domain.join('')}>`);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
        usual,
      ),
      (text) => {
        // An empty element is nothing, but such a list is read word by word.
        assert.deepEqual(parseAddressList(text), parseAddressList(`,${text}`));
      },
    ),
    { interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});

test('hostile lists cost what their length says', () => {
  const parts = [
    '<@a,',
    '(',
    '"',
    '[',
    '=?',
    '=?a?q?',
    'a:',
    '<',
    ',',
    '\\',
    '"\\',
    '@',
    '(\\',
    'a. ',
    '[a',
    '=?x?q?,',
  ];
  const began = process.cpuUsage().user;
  for (const part of parts) parseAddressList(part.repeat(50_000));
  // Quadratic would be minutes.
  assert.ok(process.cpuUsage().user - began < 3_000_000);
});
