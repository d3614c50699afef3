import assert from 'node:assert/strict';
import { memoryOf } from '../support/memory.ts';
import { greeted, type Peer } from '../support/peer.ts';
import { addAccount, startServer, withSite, type RunningServer, type Site } from '../support/server.ts';

/** What an attack may cost the server at its worst, beyond what a letter and a login take. */
const mostGrowthMiB = 120;
/** What a letter of somebody else may take while an attack is on: the machine is shared, a stall would be longer. */
const mostLetterMs = 5000;

/** A server that somebody attacks, and that a person uses all the while. */
export type Attacked = {
  readonly site: Site;
  readonly server: RunningServer;
  readonly address: string;
  readonly password: string;
  /** A whole session that sends a letter, as any client does it. */
  readonly sendLetter: () => Promise<void>;
};

/** Starts a server with these limits, lets the attack run, and sees that a letter still goes through and memory stayed bounded. */
export async function whileAttacked(
  toml: string,
  attack: (attacked: Attacked) => Promise<void>,
  ...options: readonly string[]
): Promise<void> {
  await withSite(toml, async (site) => {
    const password = 'a pass phrase that is nowhere else';
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site, ...options);
    const sendLetter = async (): Promise<void> => {
      const began = performance.now();
      const peer = await greeted(server);
      await sendOn(peer, address, password);
      await peer.expect('QUIT', 221);
      await peer.ended;
      peer.destroy();
      const tookMs = performance.now() - began;
      assert.ok(tookMs < mostLetterMs, `a letter took ${Math.round(tookMs)} ms`);
    };
    await sendLetter();
    const before = memoryOf(server.pid);
    await attack({ site, server, address, password, sendLetter });
    await sendLetter();
    const grownMiB = memoryOf(server.pid).mostMiB - before.mostMiB;
    assert.ok(grownMiB < mostGrowthMiB, `the server took ${Math.round(grownMiB)} MiB more`);
    const faults = server.events().filter(({ level }) => level === 'error' || level === 'fatal');
    assert.deepEqual(faults, [], 'what a peer does is no fault of the server');
    await server.stop();
  });
}

/** EHLO, AUTH and a letter from a person to the same person. */
async function sendOn(peer: Peer, address: string, password: string): Promise<void> {
  await peer.expect('EHLO peer.example', 250);
  assert.equal((await peer.login(address, password)).code, 235);
  await beginLetter(peer, address);
  await peer.expect('Subject: normal\r\n\r\nNothing is wrong.\r\n.', 250);
}

/** From MAIL to the 354 of DATA; somebody is logged in. */
export async function beginLetter(peer: Peer, address: string): Promise<void> {
  await peer.expect(`MAIL FROM:<${address}>`, 250);
  await peer.expect(`RCPT TO:<${address}>`, 250);
  await peer.expect('DATA', 354);
}
