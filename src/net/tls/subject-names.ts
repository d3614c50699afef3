/** How Node writes a certificate's names down, read back: never by looking for a comma or an `email:` inside. */

/**
 * The mail addresses among a certificate's subject alternative names, out of `X509Certificate.subjectAltName`:
 * rfc822Name as it stands, and SmtpUTF8Mailbox (RFC 9598 section 3). Entries are joined by `, `; a value that holds
 * anything but the plainest characters is a JSON string, so a name like `a, email:b@c` stays one name.
 */
export function emailNames(subjectAltName: string | undefined): string[] {
  const emails: string[] = [];
  const text = subjectAltName ?? '';
  const entry = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const match = entry.exec(text);
    // A form that is not known ends the reading: no name is better than a guessed one.
    if (match === null) return emails;
    const [, kind = '', value = ''] = match;
    const name = value.startsWith('"') ? unquote(value) : value;
    if (name === null) return emails;
    if (kind === 'email') emails.push(name);
    if (kind === 'othername' && name.startsWith(mailboxPrefix)) emails.push(name.slice(mailboxPrefix.length));
  }
  return emails;
}

const mailboxPrefix = 'SmtpUTF8Mailbox:';

/**
 * A distinguished name on one line, `CN=nu1, O=447.edu`. Node gives one attribute a line in the certificate's order
 * and escapes line breaks and commas inside values, so the line cannot be forged by a value; what else would move a
 * terminal or turn the direction of the text is escaped here.
 */
export function nameOnOneLine(name: string | undefined): string {
  const line = (name ?? '').split('\n').filter(Boolean).join(', ');
  return line.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

function unquote(quoted: string): string | null {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
