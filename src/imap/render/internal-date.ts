const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE       (RFC 9051 section 9)
/** Milliseconds since 1970 as an internal date in UTC, with its quotes. */
export function formatInternalDate(ms: number): string {
  const date = new Date(ms);
  const day = date.getUTCDate();
  const year = String(Math.min(9999, Math.max(0, date.getUTCFullYear()))).padStart(4, '0');
  const time = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  return `"${day < 10 ? ` ${day}` : day}-${months[date.getUTCMonth()]}-${year} ${time} +0000"`;
}
