import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { plainText } from './body-text.ts';
import { composeDeliveryReport, type DeliveryReport, type ReportedLetter } from './delivery-report.ts';
import type { ReportedRecipient } from './delivery-status.ts';
import { Header } from './header.ts';

const at = Date.UTC(2026, 10, 22, 17);
const original: ReportedLetter = {
  bytes: Buffer.from('From: nu1@447.edu\r\nSubject: lih\r\n\r\nthe body\r\n'),
  subject: 'lih',
  messageId: 'letter@447.edu',
  ret: null,
  requireTls: false,
};
const bob: ReportedRecipient = { original: null, final: 'nu2@447.edu', action: 'delivered', status: '2.1.5' };
const report: DeliveryReport = {
  from: { name: 'Mail delivery', address: { localPart: 'postmaster', domain: '447.edu' } },
  to: { localPart: 'nu1', domain: '447.edu' },
  date: at,
  messageId: 'report@mail.447.edu',
  boundary: '0f1e2d',
  transfer: { envelopeId: null, reportingMta: 'mail.447.edu', arrivedAt: at },
  recipients: [bob],
  original,
};
const compose = (changes: Partial<DeliveryReport> = {}): string =>
  Buffer.from(composeDeliveryReport({ ...report, ...changes })).toString();

/** The parts of a report: text, status, what is brought back; each with its header. */
const partsOf = (changes: Partial<DeliveryReport> = {}): readonly string[] => {
  const [head, ...parts] = compose(changes).split('\r\n--=_0f1e2d');
  assert.ok(head?.includes('boundary="=_0f1e2d"'));
  assert.equal(parts.pop(), '--\r\n');
  return parts.map((part) => part.slice(2));
};
const statusOf = (changes: Partial<DeliveryReport>): string => partsOf(changes)[1] ?? '';
const returned = (changes: Partial<DeliveryReport>): string => partsOf(changes)[2] ?? '';

test('a report of a delivered letter, to the letter', () => {
  const recipients: readonly ReportedRecipient[] = [
    { ...bob, original: { type: 'rfc822', address: 'Dana+x@Ivory.EDU' }, logId: 'a1b2' },
    { ...bob, final: 'all@447.edu', action: 'expanded' },
  ];
  const transfer = { ...report.transfer, envelopeId: 'QQ 314+1 ' };
  assert.equal(
    compose({ recipients, transfer }),
    [
      'Date: Sun, 22 Nov 2026 17:00:00 +0000',
      'From: Mail delivery <postmaster@447.edu>',
      'To: nu1@447.edu',
      'Subject: Delivered: lih',
      'Message-ID: <report@mail.447.edu>',
      'In-Reply-To: <letter@447.edu>',
      'Auto-Submitted: auto-replied',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status;',
      ' boundary="=_0f1e2d"',
      '',
      '--=_0f1e2d',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 7bit',
      '',
      'This is the mail server mail.447.edu.',
      '',
      'Your letter was delivered to everybody who gets the mail of:',
      '',
      '  all@447.edu',
      '',
      'Your letter was delivered to the mailbox of:',
      '',
      '  nu2@447.edu',
      '',
      'Its subject: lih',
      '',
      'Whether anybody has read it is not known here.',
      '',
      'Questions about this server reach postmaster@447.edu.',
      '',
      '--=_0f1e2d',
      'Content-Type: message/delivery-status',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Original-Envelope-Id: QQ 314+1 ',
      'Reporting-MTA: dns; mail.447.edu',
      'Arrival-Date: Sun, 22 Nov 2026 17:00:00 +0000',
      '',
      'Original-Recipient: rfc822; Dana+x@Ivory.EDU',
      'Final-Recipient: rfc822; nu2@447.edu',
      'Action: delivered',
      'Status: 2.1.5',
      'Final-Log-ID: a1b2',
      '',
      'Final-Recipient: rfc822; all@447.edu',
      'Action: expanded',
      'Status: 2.1.5',
      '',
      '--=_0f1e2d',
      'Content-Type: text/rfc822-headers',
      'Content-Transfer-Encoding: 7bit',
      '',
      'From: nu1@447.edu',
      'Subject: lih',
      '',
      '--=_0f1e2d--',
      '',
    ].join('\r\n'),
  );
});

test('every field of a recipient, in the order of the grammar', () => {
  const failed: ReportedRecipient = {
    original: { type: 'rfc822', address: 'x@y' },
    final: 'nu2@far.example',
    action: 'failed',
    status: '5.1.1',
    remoteMta: 'mx.bücher.example',
    diagnostic: '550 5.1.1 no such möbel',
    lastAttemptAt: at,
    logId: 'a1b2',
    retryUntil: at + 1000,
  };
  const fields = statusOf({ recipients: [failed] })
    .split('\r\n\r\n')[2]
    ?.split('\r\n');
  assert.deepEqual(fields, [
    'Original-Recipient: rfc822; x@y',
    'Final-Recipient: rfc822; nu2@far.example',
    'Action: failed',
    'Status: 5.1.1',
    'Remote-MTA: dns; mx.xn--bcher-kva.example',
    'Diagnostic-Code: smtp; 550 5.1.1 no such m?bel',
    'Last-Attempt-Date: Sun, 22 Nov 2026 17:00:00 +0000',
    'Final-Log-ID: a1b2',
    'Will-Retry-Until: Sun, 22 Nov 2026 17:00:01 +0000',
    '',
  ]);
});

test('the letter comes back whole only where it failed and nobody said otherwise', () => {
  const failed: ReportedRecipient = { ...bob, action: 'failed', status: '5.0.0' };
  const full = 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom: nu1@447.edu\r\n';
  const headers =
    'Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\nFrom: nu1@447.edu\r\nSubject: lih\r\n';
  const back = (recipient: ReportedRecipient, changes: Partial<ReportedLetter>): string =>
    returned({ recipients: [bob, recipient], original: { ...original, ...changes } });
  for (const ret of ['FULL', null] as const) {
    const whole = back(failed, { ret });
    assert.ok(whole.startsWith(full) && whole.endsWith('\r\n\r\nthe body\r\n'), whole);
    assert.equal(back({ ...bob, action: 'delayed' }, { ret }), headers);
    assert.equal(back(bob, { ret }), headers);
    assert.equal(back(failed, { ret, requireTls: true }), headers);
  }
  assert.equal(back(failed, { ret: 'HDRS' }), headers);
  assert.match(compose({ recipients: [bob, failed] }), /\r\nSubject: Not delivered: lih\r\n/);
});

test('addresses beyond ASCII take the forms of RFC 6533', () => {
  const recipients: readonly ReportedRecipient[] = [
    { ...bob, final: 'nü2@bücher.example', original: { type: 'utf-8', address: 'nü2@bücher.example' } },
  ];
  const to = { localPart: 'nü1', domain: 'bücher.example' };
  const [text, status] = partsOf({ recipients, to });
  assert.match(compose({ recipients, to }), /\r\nTo: nü1@bücher\.example\r\n/);
  assert.match(text ?? '', /^Content-Type: text\/plain; charset=utf-8\r\n[^\r]*: 8bit\r\n[^]*nü2@bücher/);
  assert.match(
    status ?? '',
    /^Content-Type: message\/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n/,
  );
  assert.match(
    status ?? '',
    /\r\nOriginal-Recipient: utf-8; nü2@bücher\.example\r\nFinal-Recipient: utf-8; nü2@bücher\.example\r\n/,
  );
  // The type alone needs no UTF-8: in ASCII it has escapes.
  const ascii = statusOf({ recipients: [{ ...bob, original: { type: 'utf-8', address: 'nü2@x' } }] });
  assert.match(ascii, /^Content-Type: message\/delivery-status\r\n.*: 7bit\r\n/);
  assert.match(ascii, /\r\nOriginal-Recipient: utf-8; n\\x\{FC\}2@x\r\n/);
});

test('a header is labelled as what it is', () => {
  const label = (header: Uint8Array): readonly string[] => {
    const [type, encoding] = returned({
      original: { ...original, bytes: Buffer.concat([header, Buffer.from('\r\nbody\r\n')]) },
    }).split('\r\n');
    return [type?.split(': ')[1] ?? '', encoding?.split(': ')[1] ?? ''];
  };
  assert.deepEqual(label(Buffer.from('Subject: grüße\r\n')), ['message/global-headers', '8bit']);
  assert.deepEqual(label(Buffer.from('Subject: gr\xfc\xdfe\r\n', 'latin1')), ['text/rfc822-headers', '8bit']);
  for (const odd of ['Subject: \0\r\n', `Subject: ${'x'.repeat(999)}\r\n`, 'Subject: a\rb\r\n'])
    assert.deepEqual(label(Buffer.from(odd)), ['text/rfc822-headers', 'quoted-printable'], odd.slice(0, 20));
  const failed: ReportedRecipient = { ...bob, action: 'failed' };
  const letter = (bytes: string): string =>
    returned({ recipients: [failed], original: { ...original, bytes: Buffer.from(bytes) } });
  assert.match(letter('Subject: grüße\r\n\r\nx\r\n'), /^Content-Type: message\/global\r\n.*: 8bit\r\n/);
  assert.match(letter('Subject: x\r\n\r\n\0'), /^Content-Type: message\/rfc822\r\n.*: binary\r\n/);
});

test('whatever a letter and its envelope hold, a report is lines, and no field or part is made of it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 200 });
  const nasty = fc.oneof(
    text,
    fc.constantFrom('\r\n\r\n--=_0f1e2--\r\n', '\r\nAction: failed', 'x'.repeat(2000), 'é'.repeat(1500)),
  );
  const recipient: fc.Arbitrary<ReportedRecipient> = fc.record({
    original: fc.option(fc.record({ type: fc.constantFrom('rfc822', 'utf-8'), address: nasty })),
    final: nasty,
    action: fc.constantFrom('failed', 'delayed', 'delivered', 'relayed', 'expanded'),
    status: fc.constant('2.0.0'),
  });
  fc.assert(
    fc.property(
      fc.array(recipient, { minLength: 1, maxLength: 4 }),
      nasty,
      fc.option(nasty),
      fc.uint8Array({ maxLength: 300 }),
      (recipients, subject, envelopeId, header) => {
        const bytes = Buffer.concat([Buffer.from('Subject: x\r\n'), header]);
        const changes: Partial<DeliveryReport> = {
          recipients,
          transfer: { ...report.transfer, envelopeId },
          original: { ...original, subject, messageId: subject, bytes, ret: 'HDRS' },
        };
        const composed = Buffer.from(composeDeliveryReport({ ...report, ...changes }));
        const lines = composed.toString('latin1').split('\r\n');
        assert.ok(lines.every((line) => line.length <= 998 && !/[\r\n]/.test(line)));
        const separators = lines.filter((line) => line.startsWith('--=_0f1e2d'));
        assert.deepEqual(separators, ['--=_0f1e2d', '--=_0f1e2d', '--=_0f1e2d', '--=_0f1e2d--']);
        const status = statusOf(changes).split('\r\n\r\n').slice(1);
        assert.equal(status.length, 1 + recipients.length);
        for (const [index, group] of status.slice(1).entries()) {
          const fields = new Header(Buffer.from(group)).fields.map(({ name }) => name);
          const first = recipients[index]?.original === null ? [] : ['original-recipient'];
          assert.deepEqual(fields, [...first, 'final-recipient', 'action', 'status']);
        }
      },
    ),
    { interruptAfterTimeLimit: 3000, markInterruptAsFailure: false },
  );
});

test('a reader without MIME types of reports sees the text', () => {
  const composed = composeDeliveryReport(report);
  assert.match(plainText(composed, 10_000), /^This is the mail server mail\.447\.edu\.\n/);
  const header = new Header(composed);
  const type = header.fields.find(({ name }) => name === 'content-type');
  assert.ok(type !== undefined);
  assert.equal(header.value(type), 'multipart/report; report-type=delivery-status; boundary="=_0f1e2d"');
});

test('a part that has the boundary is a fault, and no report of another shape', () => {
  const bytes = Buffer.from('Subject: =_0f1e2d\r\n\r\n');
  assert.throws(() => compose({ original: { ...original, bytes } }), /boundary/);
});
