import type { Contender } from '../contender.ts';
import { exim } from './exim.ts';
import { discardFloor, sqliteFloor } from './floors.ts';
import { haraka } from './haraka.ts';
import { letterlock } from './letterlock.ts';
import { opensmtpd } from './opensmtpd.ts';
import { postfixLmtp, postfixVirtual } from './postfix.ts';
import { smtpServer } from './smtp-server.ts';

/** Everybody who can be measured, in the order in which they are shown. */
export const contenders: readonly Contender[] = [
  letterlock,
  smtpServer,
  haraka,
  postfixVirtual,
  postfixLmtp,
  exim,
  opensmtpd,
  sqliteFloor,
  discardFloor,
];
