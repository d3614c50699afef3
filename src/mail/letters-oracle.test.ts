import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import PostalMime from 'postal-mime';
import { letterFiles } from '../../test/support/letter-files.ts';
import { decodeNames, type AddressListItem } from './address-list.ts';
import { bodyViews, partName } from './body-views.ts';
import { parseEncodedWords } from './encoded-word.ts';
import { LetterParser } from './letter-parser.ts';
import { parseMessageIds } from './message-ids.ts';
import type { MimePart } from './structure.ts';
import { transferReader } from './transfer-encoding.ts';

/** What two parsers of others and this one find in a letter, each in its own words. */
type Facts = {
  readonly subject: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly messageId: string;
  readonly references: readonly string[];
  readonly attachments: readonly string[];
};

/** Texts are compared without their line ends, which one of the others writes anew. */
const fileOf = (name: string, type: string, content: Uint8Array): string => {
  const isText = /^(?:text|message)\//.test(type);
  const compared = isText
    ? Buffer.from(content)
        .toString('latin1')
        .replaceAll(/[\r\n]+/g, '')
    : content;
  return `${name} ${type} ${createHash('sha1').update(compared).digest('hex').slice(0, 8)}`;
};
const bare = (id: string): string => id.replaceAll(/[<>\s]/g, '');
const spaced = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const addressesOf = (items: readonly AddressListItem[]): string[] =>
  decodeNames(items)
    .flatMap((item) => (item.is === 'group' ? item.members : [item]))
    .map(
      ({ name, address }) =>
        `${name ?? ''} <${address === null ? '' : `${address.localPart}@${address.domain}`}>`,
    );

const contentOf = (bytes: Buffer, { bodyStart, bodyEnd, encoding }: MimePart): Buffer => {
  const reader = transferReader(encoding);
  return Buffer.concat([Buffer.from(reader.push(bytes.subarray(bodyStart, bodyEnd))), reader.end()]);
};

const ours = async (bytes: Buffer): Promise<Facts> => {
  const parser = new LetterParser();
  parser.push(bytes);
  const { envelope, structure } = await parser.end();
  return {
    subject: spaced(parseEncodedWords(envelope.subject ?? '')),
    from: addressesOf(envelope.from ?? []),
    to: addressesOf(envelope.to ?? []),
    messageId: parseMessageIds(envelope.messageId ?? '')[0] ?? '',
    references: parseMessageIds(envelope.references ?? ''),
    attachments: bodyViews(structure)
      .attachments.map((part) =>
        fileOf(partName(part), `${part.type}/${part.subtype}`, contentOf(bytes, part)),
      )
      .toSorted(),
  };
};

const postalMimes = async (bytes: Buffer): Promise<Facts> => {
  const email = await PostalMime.parse(bytes, { rfc822Attachments: true });
  const flat = (items: typeof email.to): string[] =>
    (items ?? [])
      .flatMap((item) => ('group' in item && item.group !== undefined ? item.group : [item]))
      .map(({ name, address }) => `${name} <${address ?? ''}>`);
  return {
    subject: spaced(email.subject ?? ''),
    from: flat(email.from === undefined ? [] : [email.from]),
    to: flat(email.to),
    messageId: bare(email.messageId ?? ''),
    references: parseMessageIds(email.references ?? ''),
    attachments: email.attachments
      .map(({ filename, mimeType, content }) =>
        fileOf(
          filename ?? '',
          mimeType,
          typeof content === 'string' ? Buffer.from(content) : new Uint8Array(content),
        ),
      )
      .toSorted(),
  };
};

const mailparsers = async (bytes: Buffer): Promise<Facts> => {
  const mail = await simpleParser(bytes, { skipImageLinks: true, skipTextToHtml: true });
  const flat = (field: typeof mail.to): string[] =>
    (field === undefined ? [] : Array.isArray(field) ? field : [field])
      .flatMap(({ value }) => value)
      .flatMap((item) => item.group ?? [item])
      .map(({ name, address }) => `${name} <${address ?? ''}>`);
  return {
    subject: spaced(mail.subject ?? ''),
    from: flat(mail.from),
    to: flat(mail.to),
    messageId: bare(mail.messageId ?? ''),
    references: [mail.references ?? []].flat().map(bare),
    attachments: mail.attachments
      .map(({ filename, contentType, content }) => fileOf(filename ?? '', contentType, content))
      .toSorted(),
  };
};

/**
 * Where both others see something else, and why. What both see as this one does not is not here: they would agree.
 */
const alone: ReadonlyMap<string, string> = new Map([
  [
    'base64 attachments',
    'a picture that is not in an alternative is shown, and not offered beside (RFC 8621)',
  ],
  ['boundary-too-long attachments', 'they have no bound'],
  ['charsets subject', 'UTF-7 and two charsets of DOS in one subject'],
  ['content-types-that-are-none attachments', 'they take an empty type, or none, for a type'],
  ['control-characters from', 'they drop the control, this one makes it a space'],
  ['control-characters subject', 'they keep it'],
  ['eight-bit-header from', 'they read every header as UTF-8'],
  ['eight-bit-header subject', 'they read every header as UTF-8'],
  ['empty-parts attachments', 'they leave out what is empty'],
  ['fields-twice from', 'the last counts (RFC 8621), and not the first'],
  ['fields-twice subject', 'the last counts (RFC 8621), and not the first'],
  ['fields-twice to', 'the last counts (RFC 8621), and not both'],
  ['multipart-without-a-boundary attachments', 'they show nothing of it'],
  ['no-header subject', 'a letter that begins with text has no header'],
  [
    'parameters-in-pieces attachments',
    'pieces behind one that is missing, a raw ISO-2022-JP name, no disposition type',
  ],
  ['pictures-and-invitations attachments', 'a text with a name is a file (RFC 8621)'],
]);

for (const { name, bytes } of letterFiles()) {
  test(`what others find in ${name}`, async () => {
    const [mine, postal, parser] = [await ours(bytes), await postalMimes(bytes), await mailparsers(bytes)];
    for (const key of Object.keys(mine) as (keyof Facts)[]) {
      const [own, ...others] = [mine, postal, parser].map((facts) => JSON.stringify(facts[key]));
      const why = alone.get(`${name} ${key}`);
      assert.equal(
        others.includes(own ?? ''),
        why === undefined,
        `${key}: ${own} and not ${others.join(' or ')}`,
      );
    }
  });
}

const names = fc.oneof(
  fc.constantFrom(
    'a.txt',
    'a b (1).txt',
    "it's;=.pdf",
    'gr\u00fc\u00dfe.pdf',
    '\u4f60\u597d.png',
    '100%41.bin',
    '\u{1f600}'.repeat(60),
  ),
  fc
    .string({ unit: 'grapheme-composite', minLength: 1, maxLength: 60 })
    .filter((text) => /^[^\p{Cc}\p{Z}"\\/]+$/u.test(text)),
);
const words = fc.array(
  fc.constantFrom('Lunch', 'gr\u00fc\u00dfe', '\u4f60\u597d', 'a', '=?', '[x]', 'very'.repeat(20)),
  {
    maxLength: 12,
  },
);
const person = fc.record({
  name: fc.constantFrom('Jim', 'Jim Knopf', 'J\u00f6rg', 'Meier, Eva', 'O"Hara', '\u4f60\u597d', "'x'"),
  address: fc.constantFrom('jim@example.org', 'a.b+c@sub.example.org', 'x@y.example'),
});
const file = fc.record({
  filename: names,
  contentType: fc.constantFrom('application/pdf', 'image/png', 'application/x-thing'),
  content: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
});
const written = fc.record({
  from: person,
  to: fc.array(person, { minLength: 1, maxLength: 4 }),
  subject: words.map((list) => list.join(' ')),
  text: words.map((list) => `${list.join(' ')}\n`),
  html: fc.option(
    words.map((list) => `<p>${list.join(' ')}</p>`),
    { nil: undefined },
  ),
  attachments: fc.array(file, { maxLength: 4 }),
  messageId: fc.constantFrom('<1@example.org>', '<x.y.z@sub.example.org>'),
  references: fc.uniqueArray(
    fc.nat(999).map((id) => `<${id}@example.org>`),
    { maxLength: 30 },
  ),
  textEncoding: fc.constantFrom('quoted-printable' as const, 'base64' as const),
});

test('property: what nodemailer writes is found by all three alike', async () => {
  await fc.assert(
    fc.asyncProperty(written, async (letter) => {
      const bytes = await new MailComposer({ ...letter, references: letter.references.join(' ') })
        .compile()
        .build();
      const mine = await ours(bytes);
      assert.deepEqual(mine, await postalMimes(bytes), 'postal-mime');
      assert.deepEqual(mine, await mailparsers(bytes), 'mailparser');
      assert.equal(mine.subject, spaced(letter.subject));
      assert.deepEqual(
        mine.attachments,
        letter.attachments
          .map(({ filename, contentType, content }) => fileOf(filename, contentType, content))
          .toSorted(),
      );
    }),
    { interruptAfterTimeLimit: 2000, markInterruptAsFailure: false },
  );
});
