import assert from 'node:assert/strict';
import test from 'node:test';
import Pop3Command from 'node-pop3';
import { kept, lettersLeft, lines, withMaildrop } from './maildrop.ts';
import type { Mailbox } from './mailbox.ts';

function client({ server, address, password }: Mailbox): Pop3Command {
  return new Pop3Command({
    host: 'localhost',
    port: server.port('pop3'),
    tls: true,
    tlsOptions: { ca: server.authority, minVersion: 'TLSv1.3' },
    user: address,
    password,
  });
}

/** The lines as the program gives them: it leaves doubled dots, and loses line ends at the end of a letter. */
const asGiven = (text: string): string => text.replaceAll(/^\./gm, '..').trimEnd();

const asLines = (text: string): string => text.replaceAll('\r\n', '\n').trimEnd();

test('node-pop3 fetches every letter, and removes those that it says', async () => {
  await withMaildrop(async (mailbox) => {
    const first = client(mailbox);
    const listed = (await first.UIDL()) as string[][];
    assert.equal(listed.length, kept.length);
    const fetched: string[] = [];
    for (const [number] of listed) fetched.push(asLines(await first.RETR(Number(number))));
    assert.deepEqual(fetched, lines.map(asGiven));
    assert.equal(asLines(await first.TOP(1, 1)), asGiven(lines[0] ?? '').replace('\n...\nx.\n....three', ''));
    await first.DELE(2);
    await first.QUIT();
    const second = client(mailbox);
    assert.deepEqual(
      ((await second.UIDL()) as string[][]).map(([, id]) => id),
      listed.map(([, id]) => id).toSpliced(1, 1),
    );
    await second.QUIT();
    assert.equal(await lettersLeft(mailbox), kept.length - 1);
  });
});
