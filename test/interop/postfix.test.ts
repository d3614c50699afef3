import assert from 'node:assert/strict';
import test from 'node:test';
import { assertKept, assertReport, sendInEveryWay } from './receiving.ts';
import { withExchanger } from './exchanger-site.ts';
import { machineRuns } from './foreign-server.ts';
import { datedLetterFrom } from './mailbox.ts';
import { postfixDomain, queue, withPostfix } from './postfix.ts';

test('Postfix delivers to the exchanger over TLS 1.3 and 1.2, verified, in the clear, and by LMTP; a refusal comes back', async (t) => {
  if (!machineRuns(t, 'postfix')) return;
  await withExchanger(t, postfixDomain, async ({ address, exchanger, letters }) => {
    await withPostfix(exchanger, async (postfix) => {
      const verified = (version: string): RegExp =>
        new RegExp(` Verified TLS connection established to localhost\\[127\\.0\\.0\\.1\\].* ${version} `);
      const ways = [
        ['jürgen', 'TLSv1.3', 'UTF8SMTPS', verified('TLSv1.3')],
        ['bob', 'TLSv1.3', 'ESMTPS', verified('TLSv1.3')],
        ['old', 'TLSv1.2', 'ESMTPS', verified('TLSv1.2')],
        ['clear', null, 'ESMTP', / to=<ada@letters\.example>.* status=sent /],
        ['inside', 'TLSv1.3', 'LMTPS', /\/lmtp\[.* Verified TLS connection established to /],
      ] as const;
      const sent: string[] = [];
      for (const [name, , , proof] of ways) {
        const sender = `${name}@${postfixDomain}`;
        const letter = datedLetterFrom(sender, `Postfix ${name}`);
        sent.unshift(Buffer.from(letter).toString('latin1'));
        await queue(postfix, ['-f', sender, address, 'nobody@letters.example'], letter);
        await postfix.logged(proof);
        await postfix.logged(new RegExp(` to=<${sender}>.* status=sent `));
        const [report = ''] = postfix.letters(`mail/${name}`);
        assert.match(report, /^Final-Recipient: rfc822; ?nobody@letters\.example$/m);
        assert.match(report, /^Diagnostic-Code: smtp; 550 5\.1\.1 /m);
      }
      const arrived = await letters();
      assert.deepEqual(
        arrived.map(({ transport }) => [
          transport.tls?.version ?? null,
          transport.protocol,
          transport.senders?.spf.result,
        ]),
        // Who sent what comes from inside was found out before.
        ways
          .map(([, version, protocol]) => [version, protocol, protocol === 'LMTPS' ? undefined : 'pass'])
          .toReversed(),
      );
      for (const [index, { text }] of arrived.entries()) assert.ok(text.endsWith(sent[index] ?? '?'), text);
    });
  });
});

test("the client's engine delivers to Postfix: DATA, BDAT, SMTPUTF8, and a report of success that was asked for", async (t) => {
  if (!machineRuns(t, 'postfix')) return;
  await withExchanger(t, postfixDomain, async ({ server, address, exchanger, letters }) => {
    await withPostfix(exchanger, async (postfix) => {
      const { plain, utf8, ids } = await sendInEveryWay(postfix, address, postfixDomain);
      for (const id of ids) await postfix.logged(new RegExp(` ${id}: removed$`));
      assertKept(postfix.letters('mail/bob'), plain);
      assertKept(postfix.letters('mail/jürgen'), [utf8]);
      await server.logged(({ event }) => event === 'smtp.delivered');
      const [report] = await letters();
      assertReport(report, `bob@${postfixDomain}`, 'plain');
    });
  });
});
