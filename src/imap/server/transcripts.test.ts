import { readdirSync } from 'node:fs';
import test from 'node:test';
import { playDialogue } from '../../../test/transcript/dialogue.ts';
import { openImapWorld } from './imap-loopback.ts';

const folder = new URL('transcripts/', import.meta.url);

for (const name of readdirSync(folder).toSorted()) {
  test(name, async () => playDialogue(new URL(name, folder), openImapWorld));
}
