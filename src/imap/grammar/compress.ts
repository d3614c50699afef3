import type { Scanner } from '../scanner.ts';

export type CompressCommand = { readonly name: 'COMPRESS' };

// compress  = "COMPRESS" SP algorithm                                             (RFC 4978 section 5)
// algorithm = "DEFLATE"
export function compress(scan: Scanner): CompressCommand {
  if (scan.keyword('DEFLATE') !== 'DEFLATE') scan.fail('DEFLATE');
  return { name: 'COMPRESS' };
}
