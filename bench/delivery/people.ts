/** The domain of everybody here. */
export const domain = 'letters.example';

/** Who logs in and sends. */
export const sender = { address: `sender@${domain}`, password: 'measured-pass-phrase' } as const;

/** Who gets letters, in turn: the local parts. */
export const recipients: readonly string[] = Array.from({ length: 10 }, (_, index) => `reader${index + 1}`);
