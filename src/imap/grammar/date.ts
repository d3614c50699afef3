import type { Scanner } from '../scanner.ts';

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

// date-time      = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE     (RFC 9051 section 9)
// date-day-fixed = (SP DIGIT) / 2DIGIT
// time           = 2DIGIT ":" 2DIGIT ":" 2DIGIT
// zone           = ("+" / "-") 4DIGIT
const dateTimePattern =
  /"([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"/y;

/** Milliseconds since 1970. */
export function dateTime(scan: Scanner): number {
  const [
    ,
    date = '',
    month = '',
    year = '',
    hour = '',
    minute = '',
    second = '',
    sign,
    zoneHours,
    zoneMinutes,
  ] = scan.match(dateTimePattern) ?? [];
  const midnight = dayMs(Number(year), month, Number(date));
  const time = (Number(hour) * 60 + Number(minute)) * 60 + Number(second);
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60 && Number(zoneMinutes) < 60;
  if (midnight === null || !isTime) {
    scan.fail('a date as "17-Jul-1996 02:44:25 -0700"');
    return 0;
  }
  const east = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -1 : 1);
  return midnight + (time - east * 60) * 1000;
}

// date      = date-text / DQUOTE date-text DQUOTE                                 (RFC 9051 section 9)
// date-text = date-day "-" date-month "-" date-year      ; date-day = 1*2DIGIT
const dateText = /(?:"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})"|([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}))/y;

/** The beginning of the day, milliseconds since 1970. */
export function day(scan: Scanner): number {
  const [, quotedDay, quotedMonth, quotedYear, plainDay, plainMonth, plainYear] = scan.match(dateText) ?? [];
  const midnight = dayMs(
    Number(quotedYear ?? plainYear),
    quotedMonth ?? plainMonth ?? '',
    Number(quotedDay ?? plainDay),
  );
  if (midnight === null) scan.fail('a day as 17-Jul-1996');
  return midnight ?? 0;
}

/** The beginning of a day in UTC; null where there is none. */
function dayMs(year: number, month: string, date: number): number | null {
  const number = months.indexOf(month.toUpperCase());
  const ms = Date.UTC(year, number, date);
  if (number < 0 || year < 1 || Number.isNaN(ms) || new Date(ms).getUTCDate() !== date) return null;
  // Years below 100 are of the 1900s to Date.UTC.
  return year < 100 ? null : ms;
}
