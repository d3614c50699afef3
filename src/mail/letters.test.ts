import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { letterFiles } from '../../test/support/letter-files.ts';
import { readableAddressList } from './address-list.ts';
import { bodyViews, partName } from './body-views.ts';
import { sentAt, type Envelope } from './envelope.ts';
import { LetterParser, type ParsedLetter } from './letter-parser.ts';
import { decodeEnvelope, decodeStructure, encodeStructure } from './structure-codec.ts';
import { numberedParts, partOfSection } from './structure-sections.ts';
import type { MimePart } from './structure.ts';

/**
 * Letters as they come in real life, and what is computed of each: in `letters/` one a file, above `=====` the letter
 * (`test/support/letter-files.ts` tells how it is written), below it the findings. `UPDATE=1` rewrites them for review.
 */

/** What is computed of the bytes, pushed in pieces that end at these places, each piece overwritten afterwards. */
const parse = async (bytes: Buffer, cuts: readonly number[]): Promise<ParsedLetter> => {
  const parser = new LetterParser();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    const piece = Uint8Array.from(bytes.subarray(from, to));
    parser.push(piece);
    piece.fill(0x21);
    from = to;
  }
  return parser.end();
};

const shown = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');

const describeEnvelope = (envelope: Envelope): string[] =>
  Object.entries(envelope).flatMap(([name, value]) => {
    if (value === null) return [];
    return [`${name}: ${shown(typeof value === 'string' ? value : readableAddressList(value))}`];
  });

const describeParameters = (parameters: MimePart['parameters']): string =>
  parameters.map(({ name, value }) => ` ${name}="${shown(value)}"`).join('');

const describePart = (part: MimePart, bytes: Buffer, section: string): string[] => {
  const { headerStart, bodyStart, bodyEnd, lines, decodedBytes, content, disposition } = part;
  const start = bytes.toString('latin1', bodyStart, Math.min(bodyEnd, bodyStart + 12));
  const end = bytes.toString('latin1', Math.max(bodyStart, bodyEnd - 12), bodyEnd);
  const facts = (['id', 'description', 'md5', 'location'] as const).flatMap((name) =>
    part[name] === null ? [] : [` ${name}="${shown(part[name])}"`],
  );
  const own =
    `${section} ${part.type}/${part.subtype}${describeParameters(part.parameters)} ${part.encoding}${facts.join('')}` +
    (disposition === null ? '' : ` ${disposition.type}${describeParameters(disposition.parameters)}`) +
    (part.language.length === 0 ? '' : ` language=${part.language.join()}`) +
    (partName(part) === '' ? '' : ` named "${shown(partName(part))}"`) +
    (content.is === 'leaf' && part.type === 'multipart' ? ' (opaque)' : '');
  const place = `  ${headerStart}-${bodyStart}-${bodyEnd}, ${lines} lines, ${decodedBytes} bytes, "${shown(start)}" to "${shown(end)}"`;
  const nested = content.is === 'message' ? describeEnvelope(content.envelope) : [];
  return [own, place, ...nested.map((line) => `    ${line}`)];
};

const describeViews = (letter: MimePart): string[] => {
  const sections = new Map([...numberedParts(letter)].map(({ section, part }) => [part, section]));
  return Object.entries(bodyViews(letter)).map(
    ([name, parts]) => `${name}: ${parts.map((part) => sections.get(part)).join(' ')}`,
  );
};

const describeLetter = (parsed: ParsedLetter, bytes: Buffer): string => {
  const { structure, envelope, baseSubject, searchable } = parsed;
  const sent = sentAt(envelope);
  return [
    ...describeEnvelope(envelope),
    ...(sent === null ? [] : [`sent: ${new Date(sent).toISOString()}`]),
    `base subject: ${shown(baseSubject.text)}${baseSubject.isReplyOrForward ? ' (again)' : ''}`,
    `thread: ${parsed.messageIds.map(shown).join(' ')}`,
    ...(structure.content.is === 'multipart' ? describePart(structure, bytes, '*') : []),
    ...[...numberedParts(structure)].flatMap(({ section, part }) => describePart(part, bytes, section)),
    ...describeViews(structure),
    `attachment: ${parsed.hasAttachment}`,
    `preview: ${shown(parsed.preview)}`,
    `searchable: ${shown(searchable.body)}`,
    `names: ${searchable.attachmentNames.map(shown).join(', ')}`,
    '',
  ].join('\n');
};

/** Whether every part lies in its parent, behind its elder brother, and can be found by its number. */
const checkPlaces = (letter: MimePart): void => {
  const waiting = [letter];
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    const { headerStart, bodyStart, bodyEnd, content } = part;
    assert.ok(headerStart <= bodyStart && bodyStart <= bodyEnd);
    const inside =
      content.is === 'message' ? [content.letter] : content.is === 'multipart' ? content.parts : [];
    let from = bodyStart;
    for (const child of inside) {
      assert.ok(child.headerStart >= from && child.bodyEnd <= bodyEnd, 'a part outside its place');
      from = child.bodyEnd;
    }
    waiting.push(...inside);
  }
  for (const { section, part } of numberedParts(letter))
    assert.equal(partOfSection(letter, section.split('.').map(Number)), part);
};

for (const { name, bytes, findings, write } of letterFiles()) {
  test(`letter: ${name}`, async () => {
    const parsed = await parse(bytes, []);
    const found = describeLetter(parsed, bytes);
    if (process.env['UPDATE'] === '1') write(found);
    else assert.equal(found, findings);
    checkPlaces(parsed.structure);
    const stored = encodeStructure(parsed);
    const { structure, envelope, preview, hasAttachment } = parsed;
    assert.deepEqual(decodeStructure(stored), { structure, envelope, preview, hasAttachment });
    assert.deepEqual(decodeEnvelope(stored), envelope);
  });

  test(`letter in any pieces: ${name}`, async () => {
    const whole = await parse(bytes, []);
    assert.deepEqual(await parse(bytes, [...bytes.keys()]), whole);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sorted = places.toSorted((one, other) => one - other);
        assert.deepEqual(await parse(bytes, sorted), whole);
      }),
      { interruptAfterTimeLimit: 100, markInterruptAsFailure: false },
    );
  });
}
