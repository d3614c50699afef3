import { Readable } from 'node:stream';
import { spec } from 'node:test/reporters';
import type { TestEvent } from 'node:test/reporters';

/**
 * A reporter for `node --test` that prints what wants attention: failures as the `spec` reporter prints them, tests that
 * were skipped or are to do, what tests printed, and at the very end how many ran. A test that passed costs no line.
 */
export default async function* quiet(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const text of Readable.from(attention(events)).compose(new spec())) yield String(text);
}

async function* attention(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    const passed =
      event.type === 'test:pass' && event.data.skip === undefined && event.data.todo === undefined;
    if (!passed && event.type !== 'test:start') yield event;
  }
}
