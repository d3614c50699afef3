import { stripComments } from './comments.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const MINUTE_MS = 60_000;
const LONGEST_DATE = 998;

// date-time   = [ day-of-week "," ] date time [CFWS]
// date        = day month year           ; day = 1*2DIGIT, year = 4*DIGIT, obs-year = 2*DIGIT
// time        = hour ":" minute [ ":" second ] FWS zone
// zone        = ( "+" / "-" ) 4DIGIT     ; obs-zone = "UT" / "GMT" / "EST" / … / military letters
const DATE_TIME =
  /^(?:[A-Za-z]{3,9} ?, ?)?(\d{1,2}) ([A-Za-z]{3}) (\d{2,6}) (\d{1,2}) ?: ?(\d{2})(?: ?: ?(\d{2}))?(?: ?([+-]\d{4}|[A-Za-z]{1,5}))?$/;

/** obs-zone; the military letters and any other name count as unknown, which is UTC (RFC 5322 section 4.3). */
const zoneHours: ReadonlyMap<string, number> = new Map([
  ['EST', -5],
  ['EDT', -4],
  ['CST', -6],
  ['CDT', -5],
  ['MST', -7],
  ['MDT', -6],
  ['PST', -8],
  ['PDT', -7],
]);

/**
 * Reads a date-time (RFC 5322 sections 3.3 and 4.3) into milliseconds since 1970; null where it is none. The day of the
 * week is not checked. Lenient: a missing zone is UTC (programs of the 1990s).
 */
export const parseDate = (text: string): number | null => {
  if (text.length > LONGEST_DATE) return null;
  const match = DATE_TIME.exec(
    stripComments(text)
      .replaceAll(/[ \t\r\n]+/g, ' ')
      .trim(),
  );
  if (match === null) return null;
  const [
    ,
    day = '',
    monthName = '',
    yearText = '',
    hourText = '',
    minuteText = '',
    secondText = '0',
    zone = '',
  ] = match;
  const month = MONTHS.findIndex((name) => name.toLowerCase() === monthName.toLowerCase());
  const year = fullYear(yearText);
  const [hour, minute, second] = [Number(hourText), Number(minuteText), Number(secondText)];
  if (month === -1 || year < 1900 || hour > 23 || minute > 59 || second > 60) return null;
  const midnight = Date.UTC(year, month, Number(day));
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return null;
  const zoneMinutes = parseZone(zone);
  const ms = midnight + (hour * 60 + minute - (zoneMinutes ?? 0)) * MINUTE_MS + second * 1000;
  return zoneMinutes === null || Number.isNaN(new Date(ms).getTime()) ? null : ms;
};

/** Two and three digits count as RFC 5322 section 4.3 says. */
const fullYear = (digits: string): number => {
  const year = Number(digits);
  if (digits.length === 2 && year < 50) return year + 2000;
  return digits.length <= 3 ? year + 1900 : year;
};

/** Minutes east of UTC; null for a number that is no zone. */
const parseZone = (zone: string): number | null => {
  if (!/^[+-]/.test(zone)) return (zoneHours.get(zone.toUpperCase()) ?? 0) * 60;
  const minutes = Number(zone.slice(3));
  if (minutes > 59) return null;
  const total = Number(zone.slice(1, 3)) * 60 + minutes;
  return zone.startsWith('-') ? -total : total;
};

/**
 * Writes milliseconds since 1970 as a date-time (RFC 5322 section 3.3), `Tue, 30 Jun 2020 01:03:35 +0000`, in a zone so
 * many minutes east of UTC. A fault for what no date-time can say: a year before 1900, a zone beyond 99 hours.
 */
export const formatDate = (ms: number, zoneMinutes = 0): string => {
  const local = new Date(ms + zoneMinutes * MINUTE_MS);
  const year = local.getUTCFullYear();
  const zoneFits = Number.isInteger(zoneMinutes) && Math.abs(zoneMinutes) < 100 * 60;
  if (!(year >= 1900) || !zoneFits) throw new RangeError(`no date-time: ${ms} in zone ${zoneMinutes}`);
  const date = `${two(local.getUTCDate())} ${MONTHS[local.getUTCMonth()]} ${year}`;
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
  const east = Math.abs(zoneMinutes);
  const zone = `${zoneMinutes < 0 ? '-' : '+'}${two(Math.floor(east / 60))}${two(east % 60)}`;
  return `${DAYS[local.getUTCDay()]}, ${date} ${time} ${zone}`;
};

const two = (value: number): string => String(value).padStart(2, '0');
