import type { Scanner } from '../scanner.ts';

export type EnableCommand = {
  readonly name: 'ENABLE';
  /** In upper case. */
  readonly capabilities: readonly string[];
};

// enable = "ENABLE" 1*(SP capability)                                             (RFC 9051 section 9)
/** RFC 9051 section 6.3.1. */
export function enable(scan: Scanner): EnableCommand {
  const capabilities: string[] = [];
  do capabilities.push(scan.keyword('a capability'));
  while (scan.take(' '));
  return { name: 'ENABLE', capabilities };
}
