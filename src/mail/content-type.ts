import { parseParameters, type Parameter } from './parameters.ts';

/** The value of `Content-Type:` (RFC 2045 section 5.1), type and subtype in lower case. */
export type ContentType = {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: readonly Parameter[];
};

/** The value of `Content-Disposition:` (RFC 2183 section 2), its type in lower case. */
export type Disposition = { readonly type: string; readonly parameters: readonly Parameter[] };

const TOKEN = "[!#$%&'*+.^_`{|}~A-Za-z0-9-]+";
const MEDIA_TYPE = new RegExp(`^\\s*(${TOKEN})\\s*/\\s*(${TOKEN})`);
const DISPOSITION_TYPE = new RegExp(`^\\s*(${TOKEN})(?=[\\s;(]|$)(?!\\s*=)`);

// content = "Content-Type" ":" type "/" subtype *(";" parameter)
/** Reads a media type from an unfolded value, with at most `mostParameters`; null where it is none. */
export const parseContentType = (value: string, mostParameters: number): ContentType | null => {
  const [whole, type = '', subtype = ''] = MEDIA_TYPE.exec(value) ?? [];
  if (whole === undefined) return null;
  return {
    type: type.toLowerCase(),
    subtype: subtype.toLowerCase(),
    parameters: parseParameters(value, whole.length, mostParameters),
  };
};

// disposition = "Content-Disposition" ":" disposition-type *(";" disposition-parm)
/**
 * Reads a disposition from an unfolded value, with at most `mostParameters`; null where it says nothing.
 * Lenient: without a type it is `attachment`, as RFC 2183 section 2.8 has it for types that are not known.
 */
export const parseDisposition = (value: string, mostParameters: number): Disposition | null => {
  const [whole = '', type = 'attachment'] = DISPOSITION_TYPE.exec(value) ?? [];
  const parameters = parseParameters(value, whole.length, mostParameters);
  return whole === '' && parameters.length === 0 ? null : { type: type.toLowerCase(), parameters };
};
