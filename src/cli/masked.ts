/** A line of a dialogue for people: the password that an enrolment says once is not shown. */
export const masked = (line: string): string => line.replace(/(Password: )\S+$/, '$1***');
