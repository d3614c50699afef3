import type { Parameter } from '../../mail/parameters.ts';
import type { MimePart } from '../../mail/structure.ts';
import { formatEnvelope } from './envelope.ts';
import { nstring, quoted, type TextForm } from './string.ts';

/** Whether the extension data is wanted: BODYSTRUCTURE has it, BODY has not (RFC 9051 section 6.4.5). */
export type StructureKind = 'BODY' | 'BODYSTRUCTURE';

// body = "(" (body-type-1part / body-type-mpart) ")"                             (RFC 9051 section 9)
/** A letter's structure (RFC 9051 section 7.5.2). Parts are at most 50 deep in each other (`letter-bounds.ts`). */
export function formatStructure(part: MimePart, kind: StructureKind, form: TextForm): string {
  const { content } = part;
  if (content.is !== 'multipart') return `(${formatLeaf(part, kind, form)})`;
  // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
  let text = '(';
  for (const child of content.parts) text += formatStructure(child, kind, form);
  // Something must stand there.
  if (content.parts.length === 0) text += '("text" "plain" NIL NIL NIL "7bit" 0 0)';
  text += ` ${quoted(part.subtype)}`;
  if (kind === 'BODYSTRUCTURE')
    text += ` ${formatParameters(part.parameters, form)} ${formatRest(part, form)}`;
  return `${text})`;
}

// body-type-1part  = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
// body-type-basic  = media-basic SP body-fields
// body-type-msg    = media-message SP body-fields SP envelope SP body SP body-fld-lines
// body-type-text   = media-text SP body-fields SP body-fld-lines
// body-fields      = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets
// body-ext-1part   = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
function formatLeaf(part: MimePart, kind: StructureKind, form: TextForm): string {
  const { content } = part;
  // A nested letter that was not looked into, past a bound, must not be taken for one that was.
  const isOpaque =
    content.is === 'leaf' &&
    part.type === 'message' &&
    (part.subtype === 'rfc822' || part.subtype === 'global');
  const media = isOpaque ? '"application" "octet-stream"' : `${quoted(part.type)} ${quoted(part.subtype)}`;
  let text = `${media} ${formatParameters(part.parameters, form)} ${nstring(part.id, form)} ${nstring(part.description, form)} ${nstring(part.encoding, form)} ${part.bodyEnd - part.bodyStart}`;
  if (content.is === 'message') {
    text += ` ${formatEnvelope(content.envelope, form)} ${formatStructure(content.letter, kind, form)} ${part.lines}`;
  } else if (part.type === 'text') text += ` ${part.lines}`;
  if (kind === 'BODYSTRUCTURE') text += ` ${nstring(part.md5, form)} ${formatRest(part, form)}`;
  return text;
}

// body-ext-mpart = body-fld-param [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc *(SP body-extension)]]]
// body-fld-dsp   = "(" string SP body-fld-param ")" / nil
// body-fld-lang  = nstring / "(" string *(SP string) ")"
function formatRest({ disposition, language, location }: MimePart, form: TextForm): string {
  const shown =
    disposition === null
      ? 'NIL'
      : `(${quoted(disposition.type)} ${formatParameters(disposition.parameters, form)})`;
  const tags = language.length === 0 ? 'NIL' : `(${language.map((tag) => nstring(tag, form)).join(' ')})`;
  return `${shown} ${tags} ${nstring(location, form)}`;
}

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
function formatParameters(parameters: readonly Parameter[], form: TextForm): string {
  if (parameters.length === 0) return 'NIL';
  return `(${parameters.map(({ name, value }) => `${quoted(name)} ${nstring(value, form)}`).join(' ')})`;
}
