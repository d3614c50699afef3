import { agreedTls as tls } from '../../test/support/agreed-tls.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { parseDate } from './date.ts';
import { Header } from './header.ts';
import { addressLiteralOf } from './ip-address.ts';
import { formatReceived, protocolName, type Hop } from './received.ts';

const hop: Hop = {
  clientName: 'client.example',
  clientAddress: '192.0.2.1',
  by: 'mx.447.edu',
  protocol: 'ESMTPSA',
  id: 'a1b2',
  recipient: { localPart: 'nu2', domain: '447.edu' },
  receivedAt: Date.UTC(2020, 5, 30, 1, 3, 35),
  tls,
};
const unfolded = (changes: Partial<Hop>): string => {
  const bytes = Buffer.from(formatReceived({ ...hop, ...changes }));
  const header = new Header(bytes);
  assert.equal(header.fields.length, 1);
  const [field] = header.fields;
  assert.ok(field !== undefined && field.end === bytes.length && field.name === 'received');
  return header.value(field);
};

test('a protected hop', () => {
  assert.equal(
    unfolded({}),
    'from client.example ([192.0.2.1]) by mx.447.edu with ESMTPSA (version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 ' +
      'group=X25519MLKEM768 verify=none) id a1b2 for <nu2@447.edu>; Tue, 30 Jun 2020 01:03:35 +0000',
  );
  assert.ok(
    formatReceived(hop)
      .split('\r\n')
      .every((line) => line.length <= 78),
  );
});

test('the shapes of its parts', () => {
  assert.match(
    unfolded({ clientAddress: '2001:DB8:0::1' }),
    /^from client\.example \(\[IPv6:2001:db8::1\]\) by /,
  );
  assert.match(
    unfolded({ clientAddress: '::ffff:192.0.2.1' }),
    /^from client\.example \(\[192\.0\.2\.1\]\) by /,
  );
  assert.match(unfolded({ clientName: '[192.0.2.9]' }), /^from \[192\.0\.2\.9\] \(\[192\.0\.2\.1\]\) by /);
  assert.match(unfolded({ clientName: 'bücher.example' }), /^from xn--bcher-kva\.example \(/);
  assert.match(
    unfolded({ clientName: 'my laptop' }),
    /^from \[192\.0\.2\.1\] \(\[192\.0\.2\.1\]\) \(helo=my laptop\) by /,
  );
  assert.match(unfolded({ clientName: 'a) by evil (' }), /\(helo=a\\\) by evil \\\(\) by mx\.447\.edu with/);
  assert.match(unfolded({ tls: null, protocol: 'SMTP' }), / with SMTP \(no TLS\) id /);
  assert.match(unfolded({ recipient: { localPart: 'a b', domain: 'x' } }), / for <"a b"@x>; /);
  const peerCertificate = { sha256: '', subject: '', trusted: true, distrust: null, emails: [] };
  assert.match(unfolded({ tls: { ...tls, group: null, peerCertificate } }), /SHA384 verify=ok\)/);
  assert.match(
    unfolded({ tls: { ...tls, peerCertificate: { ...peerCertificate, trusted: false } } }),
    /verify=failed\)/,
  );
});

test('property: no name breaks the field out of its grammar', () => {
  const unit = fc.oneof(
    fc.constantFrom(...Array.from('\r\n ()\\";<>é')),
    fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 600 }), fc.string({ unit, maxLength: 20 }), (clientName, id) => {
      const field = formatReceived({ ...hop, clientName, id });
      assert.match(field, /^Received: from (?:[ -~]|\r\n )*\r\n$/);
      for (const line of field.split('\r\n')) assert.ok(line.length <= 998);
      const value = unfolded({ clientName, id });
      assert.match(
        value,
        /^from \S+ \(\[192\.0\.2\.1\]\)(?: \(helo=(?:[^()\\]|\\[()\\])*\))? by mx\.447\.edu with ESMTPSA \([^()]*\) id [^\s()<>@,;:\\"]+ for <nu2@447\.edu>; [^;]+$/,
      );
      assert.equal(parseDate(value.slice(value.lastIndexOf(';') + 1)), hop.receivedAt);
    }),
    { interruptAfterTimeLimit: 700, markInterruptAsFailure: false },
  );
});

test('protocol names (RFC 3848 section 1)', () => {
  const name = (letters: string): string =>
    protocolName({
      esmtp: letters.includes('E'),
      lmtp: letters.includes('L'),
      tls: letters.includes('S'),
      authenticated: letters.includes('A'),
      smtpUtf8: letters.includes('8'),
    });
  const names = [
    '',
    'S',
    'E',
    'ES',
    'EA',
    'ESA',
    'E8',
    'ES8',
    'EA8',
    'ESA8',
    'L',
    'LS',
    'LA',
    'LSA',
    'L8',
    'LSA8',
  ].map(name);
  assert.deepEqual(names, [
    'SMTP',
    'SMTP',
    'ESMTP',
    'ESMTPS',
    'ESMTPA',
    'ESMTPSA',
    'UTF8SMTP',
    'UTF8SMTPS',
    'UTF8SMTPA',
    'UTF8SMTPSA',
    'LMTP',
    'LMTPS',
    'LMTPA',
    'LMTPSA',
    'UTF8LMTP',
    'UTF8LMTPSA',
  ]);
});

test('the literal of a socket address', () => {
  assert.equal(addressLiteralOf('fe80::1%eth0'), '[IPv6:fe80::1]');
  assert.equal(addressLiteralOf('somewhere'), null);
});
