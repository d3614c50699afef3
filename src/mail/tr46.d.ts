/** The part of tr46 that mail domains need: Unicode Technical Standard #46 processing of domain names. */
declare module 'tr46' {
  type Options = {
    readonly checkBidi?: boolean;
    readonly checkHyphens?: boolean;
    readonly checkJoiners?: boolean;
    readonly ignoreInvalidPunycode?: boolean;
    readonly transitionalProcessing?: boolean;
    readonly useSTD3ASCIIRules?: boolean;
  };
  const tr46: {
    /** The A-label form, null where the name is not valid. */
    toASCII(domain: string, options?: Options & { readonly verifyDNSLength?: boolean }): string | null;
    toUnicode(domain: string, options?: Options): { readonly domain: string; readonly error: boolean };
  };
  export default tr46;
}
