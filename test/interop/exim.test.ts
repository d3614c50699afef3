import assert from 'node:assert/strict';
import test from 'node:test';
import { assertKept, assertReport, sendInEveryWay } from './receiving.ts';
import { withExchanger } from './exchanger-site.ts';
import { machineRuns } from './foreign-server.ts';
import { datedLetterFrom } from './mailbox.ts';
import { eximDomain, queue, withExim } from './exim.ts';

test('Exim delivers to the exchanger over TLS 1.3 and 1.2, verified, in the clear, and by LMTP; a refusal comes back', async (t) => {
  if (!machineRuns(t, 'exim')) return;
  await withExchanger(t, eximDomain, async ({ address, exchanger, letters }) => {
    await withExim(exchanger, async (exim) => {
      const ways = [
        ['jürgen', 'TLSv1.3', 'UTF8SMTPS', / => ada@letters\.example .* X=TLS1\.3:.* CV=yes K C=/],
        ['bob', 'TLSv1.3', 'ESMTPS', / => ada@letters\.example .* X=TLS1\.3:.* CV=yes K C=/],
        ['old', 'TLSv1.2', 'ESMTPS', / => ada@letters\.example .* X=TLS1\.2:.* CV=yes K C=/],
        ['clear', null, 'ESMTP', / => ada@letters\.example .* H=localhost \[127\.0\.0\.1\] K C=/],
        ['inside', 'TLSv1.3', 'LMTPS', / => ada@letters\.example .* T=house .* X=TLS1\.3:.* CV=yes .*C=/],
      ] as const;
      const sent: string[] = [];
      for (const [name, , , proof] of ways) {
        const sender = `${name}@${eximDomain}`;
        const letter = datedLetterFrom(sender, `Exim ${name}`);
        sent.unshift(Buffer.from(letter).toString('latin1'));
        await queue(exim, ['-f', sender, address, 'nobody@letters.example'], letter);
        await exim.logged(proof);
        await exim.logged(new RegExp(` => ${name} <${sender}> `));
        const [report = ''] = exim.letters(`mail/${name}`);
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

test("the client's engine delivers to Exim: DATA, BDAT, SMTPUTF8, and a report of success that was asked for", async (t) => {
  if (!machineRuns(t, 'exim')) return;
  await withExchanger(t, eximDomain, async ({ server, address, exchanger, letters }) => {
    await withExim(exchanger, async (exim) => {
      const { plain, utf8, ids } = await sendInEveryWay(exim, address, eximDomain);
      for (const id of ids) await exim.logged(new RegExp(` ${id} Completed$`));
      assertKept(exim.letters('mail/bob'), plain);
      assertKept(exim.letters('mail/jürgen'), [utf8]);
      await server.logged(({ event }) => event === 'smtp.delivered');
      const [report] = await letters();
      assertReport(report, `bob@${eximDomain}`, 'xtext');
    });
  });
});
