import { expect, test } from 'vitest';
import { StallWatch, type Transfer } from '../../../../src/proxy/relay/stall-watch.ts';
import { cleanUp } from '../../../support/clean-up.ts';
import { eventually } from '../../../support/eventually.ts';

const keep = cleanUp();

test('a transfer that another one ends is not stalled in the same check', async () => {
  const watch = keep(new StallWatch(20));
  const stalled: string[] = [];
  const transferOf = (name: string, end: () => void): Transfer => ({
    moved: () => 0,
    waiting: () => true,
    stalled() {
      stalled.push(name);
      end();
    },
  });
  const response = transferOf('response', () => undefined);
  watch.watch(transferOf('request', () => watch.forget(response)));
  watch.watch(response);
  await eventually('a stalled transfer', () => stalled.length > 0);
  expect(stalled).toEqual(['request']);
});
