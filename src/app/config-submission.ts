import { z } from 'zod';
import { defaultSubmissionRules, type SubmissionRules } from '../policy/submission.ts';

/** The keys of `[submission]`. */
export function submissionKeys() {
  const { foreignFrom, rate } = defaultSubmissionRules;
  const most = (value: number) => z.int().min(0).max(1_000_000_000).default(value);
  return z
    .strictObject({
      foreign_from: z
        .enum(['refuse', 'sender'])
        .default(foreignFrom)
        .describe(
          'What becomes of a letter whose From or Sender is no address of the account: "sender" delivers it with a Sender field that names the account.',
        ),
      letters_per_hour: most(rate.letters.perHour).describe(
        'Letters that an account may send in an hour; 0 is any number, here and in the next three.',
      ),
      letters_per_day: most(rate.letters.perDay).describe('Letters that an account may send in a day.'),
      recipients_per_hour: most(rate.recipients.perHour).describe(
        'Recipients that an account may send to in an hour, each as often as it is one.',
      ),
      recipients_per_day: most(rate.recipients.perDay).describe('The same in a day.'),
    })
    .prefault({})
    .describe('What people of this server may send.');
}

/** The rules that these keys make. */
export const submissionRulesOf = (keys: z.output<ReturnType<typeof submissionKeys>>): SubmissionRules => ({
  foreignFrom: keys.foreign_from,
  rate: {
    letters: { perHour: keys.letters_per_hour, perDay: keys.letters_per_day },
    recipients: { perHour: keys.recipients_per_hour, perDay: keys.recipients_per_day },
  },
});
