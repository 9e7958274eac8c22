import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startScenario } from '../support/scenario.ts';

test('the admin token is re-read when its file is rotated, and the old token is rejected', async () => {
  const { gateway } = await startScenario({
    backends: {},
    config: () => '',
    files: { 'admin-token': 'first-token-of-the-operators\n' },
    server: { admin: 'tokenFile: admin-token' },
  });
  const status = async (token: string): Promise<number> =>
    (await fetch(`${gateway.adminUrl}/status`, { headers: { Authorization: `Bearer ${token}` } })).status;
  expect(await status('first-token-of-the-operators')).toBe(200);
  expect(await status('second-token-of-the-operators')).toBe(401);
  writeFileSync(join(gateway.folder, 'admin-token'), 'second-token-of-the-operators\n');
  await eventually(
    'the new one is good',
    async () => (await status('second-token-of-the-operators')) === 200,
    10_000,
  );
  expect(await status('first-token-of-the-operators')).toBe(401);
});
