/** A host as a command line names it: an IPv6 address may stand in brackets, as it does in an address of the web. */
export const unbracketed = (host: string): string =>
  /^\[[0-9A-Fa-f:.]+(?:%[^\]]+)?\]$/.test(host) ? host.slice(1, -1) : host;
