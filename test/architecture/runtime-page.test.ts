/** Compares docs/operations/runtime.md with the code: keys that need a restart, and defaults of limits. */
import { expect, test } from 'vitest';
import { RESTART_KEYS } from '../../src/app/restart.ts';
import { configReference } from '../../src/config/index.ts';
import { readText } from '../support/repository.ts';

const page = readText('docs/operations/runtime.md');

test('the keys that need a restart, all of them and no others', () => {
  const [, section = ''] = page.split('### Keys that need a restart\n');
  const [list = ''] = section.trim().split('\n\n');
  const named = [...list.matchAll(/`([^`]+)`/g)].map(([, key]) => key);
  expect(new Set(named)).toEqual(new Set(RESTART_KEYS));
});

const reference = configReference();

test('each limit of server.limits, with its default', () => {
  const [, section = ''] = page.split('## Limits\n');
  const rows = [...section.matchAll(/^\|[^|]*\| `server\.limits\.(\w+)` *\| (\S+) *\|/gm)];
  expect(rows.length).toBeGreaterThanOrEqual(7);
  for (const [, key, value] of rows) {
    if (key === 'authFailures') continue;
    const [, said = ''] =
      new RegExp(`\`limits\\.${key}\` \\|[^|]*\\| .*Default (\\S+)\\. \\|`).exec(reference) ?? [];
    expect([key, value]).toEqual([key, said]);
  }
});

test('each limit of a service, with its default', () => {
  const [, section = ''] = page.split('## Limits\n');
  const rows = [...section.matchAll(/^\|[^|]*\| `(?:services\.NAME|…)\.([\w.]+)` *\| (\S+) *\|/gm)];
  expect(rows.length).toBeGreaterThanOrEqual(5);
  for (const [, key = '', value] of rows) {
    const [, said] = new RegExp(`^\\| \`${key}\` .* Default:? (\\w+)`, 'm').exec(reference) ?? [];
    expect([key, value]).toEqual([key, said === 'no' ? 'none' : said]);
  }
});
