import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { ImapFlow } from 'imapflow';
import { letterFrom, withMailbox, type Mailbox } from './mailbox.ts';

async function connect({ server, address, password }: Mailbox): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: 'localhost',
    port: server.port('imap'),
    secure: true,
    auth: { user: address, pass: password },
    tls: { ca: server.authority, minVersion: 'TLSv1.3' },
    logger: false,
  });
  await client.connect();
  return client;
}

test('imapflow keeps letters, reads, flags and deletes them, and hears in IDLE what another connection does', async () => {
  await withMailbox(async (mailbox) => {
    const [one, two] = [await connect(mailbox), await connect(mailbox)];
    const letters = ['one', 'two', 'three'].map((subject) => letterFrom(mailbox.address, subject));
    const paths = (await one.list()).map(({ path, specialUse }) => `${path} ${specialUse ?? ''}`.trim());
    assert.deepEqual(paths.toSorted(), [
      'Archive \\Archive',
      'Drafts \\Drafts',
      'INBOX \\Inbox',
      'Junk \\Junk',
      'Sent \\Sent',
      'Trash \\Trash',
    ]);
    for (const letter of letters) await one.append('INBOX', letter, ['\\Flagged']);
    await two.mailboxOpen('INBOX');
    await one.mailboxOpen('INBOX');

    const found: string[] = [];
    const query = { uid: true, flags: true, envelope: true, bodyStructure: true, source: true, size: true };
    for await (const letter of one.fetch('1:*', query)) {
      assert.equal(letter.source?.length, letter.size);
      assert.equal(letter.bodyStructure?.type, 'text/plain');
      assert(letter.flags?.has('\\Flagged'));
      found.push(`${letter.uid} ${letter.envelope?.subject} ${letter.envelope?.from?.[0]?.address}`);
    }
    assert.deepEqual(
      found,
      ['one', 'two', 'three'].map((subject, at) => `${at + 1} ${subject} ${mailbox.address}`),
    );
    const { content } = await one.download('2');
    assert(content);
    const octets: Buffer[] = [];
    for await (const piece of content) octets.push(piece as Buffer);
    assert.equal(Buffer.concat(octets).toString('latin1'), letters[1]);

    const idling = two.idle();
    const flagged = once(two, 'flags');
    await one.messageFlagsAdd('3', ['\\Seen']);
    const [told] = (await flagged) as [{ seq: number; flags: Set<string> }];
    assert.equal(told.seq, 3);
    assert(told.flags.has('\\Seen'));
    const expunged = once(two, 'expunge');
    await one.messageDelete('1');
    const [gone] = (await expunged) as [{ seq: number }];
    assert.equal(gone.seq, 1);
    const came = once(two, 'exists');
    await one.append('INBOX', letterFrom(mailbox.address, 'four'));
    const [exists] = (await came) as [{ count: number; prevCount: number }];
    assert.deepEqual([exists.prevCount, exists.count], [2, 3]);
    await two.noop();
    await idling;
    await Promise.all([one.logout(), two.logout()]);
  });
});
