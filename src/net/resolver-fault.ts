/**
 * Why a question of the DNS has no answer, in the words of `node:dns`. `ENOTFOUND`: there is no such name. `ENODATA`: the
 * name is there and has no such record. `EBADNAME`: it can be no name. All others are troubles that may pass.
 */
export type ResolverFaultCode =
  | 'ENOTFOUND'
  | 'ENODATA'
  | 'EBADNAME'
  | 'ESERVFAIL'
  | 'EREFUSED'
  | 'ETIMEOUT'
  | 'ECONNREFUSED'
  | 'EBADRESP'
  | 'EOVERLOADED';

/** A question that got no answer; `code` says why. */
export class ResolverFault extends Error {
  override readonly name = 'ResolverFault';
  readonly code: ResolverFaultCode;

  constructor(code: ResolverFaultCode, question: string, options?: ErrorOptions) {
    super(`${code} ${question}`, options);
    this.code = code;
  }
}
