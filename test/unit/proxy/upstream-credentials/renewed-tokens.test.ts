import { expect, test } from 'vitest';
import { createRenewedTokens } from '../../../../src/proxy/upstream-credentials/renewed-tokens.ts';
import { FrozenClock } from '../../../support/authentication.ts';

test('a token is not used after the end of its source credential', async () => {
  const clock = new FrozenClock();
  const notAfter = clock.now() + 30_000;
  let requested = 0;
  const tokens = createRenewedTokens(async () => {
    requested += 1;
    return { kind: 'token', token: `token-${requested}`, seconds: 3_600, notAfter } as const;
  }, clock);
  await tokens.attach('key');
  clock.advance(29_999);
  expect(tokens.attach('key')).toMatchObject({ value: 'Bearer token-1' });
  clock.advance(1);
  expect(await tokens.attach('key')).toMatchObject({ value: 'Bearer token-2' });
  expect(requested).toBe(2);
});
