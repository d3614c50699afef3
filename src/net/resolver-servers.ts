import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** A name server that answers for the whole DNS. */
export type NameServer = { readonly address: string; readonly port: number };

/** The DNS port (RFC 1035 section 4.2.1). */
const dnsPort = 53;
/** So many servers are asked, as the C library does. */
const mostServers = 3;
/** What is asked where nothing is said. */
const ownMachine: readonly NameServer[] = [{ address: '127.0.0.1', port: dnsPort }];

/** The `nameserver` lines of a file like `/etc/resolv.conf`; the server of this machine where it has none. */
export function parseResolvConf(text: string): readonly NameServer[] {
  const servers: NameServer[] = [];
  for (const line of text.split('\n')) {
    const [, address = ''] = /^\s*nameserver\s+(\S+)/.exec(line) ?? [];
    if (isIP(address) !== 0 && servers.length < mostServers) servers.push({ address, port: dnsPort });
  }
  return servers.length === 0 ? ownMachine : servers;
}

/** The name servers that this machine asks. A file that is not there names none; one that cannot be read is a fault. */
export function systemNameServers(path = '/etc/resolv.conf'): readonly NameServer[] {
  try {
    return parseResolvConf(readFileSync(path, 'utf8'));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return ownMachine;
    throw new Error(`the name servers cannot be read from ${path}`, { cause });
  }
}

const serverText = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:\s]+|[0-9A-Fa-f:]+))(?::(\d{1,5}))?$/;

/** Reads `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`; null for what is none of these. */
export function parseNameServer(text: string): NameServer | null {
  if (isIP(text) !== 0) return { address: text, port: dnsPort };
  const [, inBrackets, plain, digits = String(dnsPort)] = serverText.exec(text) ?? [];
  const address = inBrackets ?? plain ?? '';
  const port = Number(digits);
  const fits = isIP(address) === (inBrackets === undefined ? 4 : 6) && port > 0 && port <= 65_535;
  return fits ? { address, port } : null;
}

/** Whether nothing that is asked of this server leaves the machine. */
export const isLoopback = ({ address }: NameServer): boolean =>
  address.startsWith('127.') || address === '::1';
