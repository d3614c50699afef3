/** Where randomness comes from: so many bytes that nobody can foresee, as `crypto.randomBytes` gives them. */
export type RandomBytes = (sizeBytes: number) => Uint8Array;
