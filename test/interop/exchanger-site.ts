import type { TestContext } from 'node:test';
import { startNameServer } from '../../src/net/dns-loopback.ts';
import type { TransportRecord } from '../../src/passport/record.ts';
import { LetterReader, type ListedLetter } from '../support/letters.ts';
import { addAccount, startServer, withSite, type RunningServer } from '../support/server.ts';

/** The doors for other servers at localhost, of strangers and of this house, and the authority of who is there, PEM. */
export type Exchanger = { readonly port: number; readonly lmtpPort: number; readonly authority: string };

/** Our server with a door for others, and one person, whose letters can be looked at. */
export type ExchangerSite = {
  readonly server: RunningServer;
  readonly address: string;
  /** Where letters for her go. */
  readonly exchanger: Exchanger;
  /** Her letters, newest first: their octets as served, and what the server knows of their way. */
  readonly letters: () => Promise<readonly ArrivedLetter[]>;
};

/** A letter, as served. */
export type ArrivedLetter = {
  readonly text: string;
  readonly transport: TransportRecord;
};

const password = 'a long enough password 42';

/** Starts the server, its configuration with `more`; the DNS says that this machine may send for `domain`. */
export async function withExchanger(
  t: TestContext,
  domain: string,
  work: (site: ExchangerSite) => Promise<void>,
  more = '',
): Promise<void> {
  const policy = { TXT: ['v=spf1 ip4:127.0.0.0/8 -all'] };
  const names = await startNameServer(t, { [domain]: policy, [`mail.${domain}`]: policy });
  const toml = `dns.servers = ["127.0.0.1:${names.port}"]\nlisten.lmtp = { enabled = true, port = 0 }\n${more}`;
  await withSite(toml, async (site) => {
    const address = await addAccount(site, 'ada', password);
    const server = await startServer(site);
    const [port, lmtpPort] = [server.port('exchanger'), server.port('lmtp')];
    const exchanger = { port, lmtpPort, authority: server.authority };
    await work({ server, address, exchanger, letters: () => lettersOf(server, address) });
    await server.stop();
  });
}

async function lettersOf(server: RunningServer, address: string): Promise<readonly ArrivedLetter[]> {
  const reader = new LetterReader(server, address, password);
  const arrived: ArrivedLetter[] = [];
  for (const letter of (await reader.list()) as readonly (ListedLetter &
    Pick<ArrivedLetter, 'transport'>)[]) {
    const text = (await reader.get(letter.url, 'message/rfc822')).toString('latin1');
    arrived.push({ text, transport: letter.transport });
  }
  reader.close();
  return arrived;
}
