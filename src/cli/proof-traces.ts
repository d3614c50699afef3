/**
 * Looks for what must not be seen. A secret would hardly stand in a capture as a whole: a packet may begin in its middle,
 * or it may be in base64, as SMTP and HTTP send credentials. So every run of eight octets of it is looked for.
 */

/** What to look for, by what it is. */
export type Secrets = ReadonlyMap<string, Uint8Array>;

/** Runs shorter than this occur in random bytes by chance; one of eight does in 2^64. */
const runOctets = 8;

/**
 * Which of the secrets left a trace in the bytes, and how much of each: octets of it that stand in a
 * run found. Throws where a secret is shorter than a run.
 */
export function findTraces(secrets: Secrets, bytes: Uint8Array): ReadonlyMap<string, number> {
  const runs = new Set<string>();
  const text = Buffer.from(bytes).toString('latin1');
  for (let at = 0; at + runOctets <= text.length; at += 1) runs.add(text.slice(at, at + runOctets));
  const found = new Map<string, number>();
  for (const [name, secret] of secrets) {
    if (secret.length < runOctets) throw new Error(`${name} is too short to be looked for`);
    for (const form of [Buffer.from(secret).toString('latin1'), ...base64Forms(secret)]) {
      const octets = octetsFound(form, runs);
      if (octets > 0) found.set(name, Math.max(octets, found.get(name) ?? 0));
    }
  }
  return found;
}

function octetsFound(form: string, runs: ReadonlySet<string>): number {
  let found = 0;
  let covered = 0;
  for (let at = 0; at + runOctets <= form.length; at += 1) {
    if (!runs.has(form.slice(at, at + runOctets))) continue;
    found += at + runOctets - Math.max(covered, at);
    covered = at + runOctets;
  }
  return found;
}

/**
 * The three texts that base64 makes of octets, by how many stand before them; characters that also depend on what stands
 * before or after are left out.
 */
export function base64Forms(secret: Uint8Array): string[] {
  return [0, 1, 2].map((before) => {
    const octets = Buffer.concat([Buffer.alloc(before), secret]);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((octets.length * 8) / 6);
    return octets.toString('base64').slice(first, last);
  });
}
