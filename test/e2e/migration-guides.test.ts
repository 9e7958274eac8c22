/** The configurations of docs/guides/migrate/ pass `check`, and each page ends with the way to enforce mode. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configJsonSchema } from '../../src/config/index.ts';
import { gatehouse } from '../support/gateway-process.ts';
import { readText, repositoryFiles } from '../support/repository.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const PAGES = (await repositoryFiles()).filter((file) => /^docs\/guides\/migrate\/[^/]+\.md$/.test(file));

/** Blocks named `authorizer` need the key `server.authorizer`. */
const HAS_AUTHORIZER = JSON.stringify(configJsonSchema()).includes('"authorizer"');

interface Block {
  readonly page: string;
  readonly name: string;
  readonly yaml: string;
}

function blocks(page: string, name: string): readonly Block[] {
  return [...readText(page).matchAll(/^```yaml ?(\S*)\n(.*?)^```$/gms)].flatMap(([, label, yaml = '']) =>
    label === name ? [{ page, name, yaml }] : [],
  );
}

const CONFIGURATIONS = PAGES.flatMap((page) => [
  ...blocks(page, ''),
  ...(HAS_AUTHORIZER ? blocks(page, 'authorizer') : []),
]);

test('there is one page for each source, with a configuration', () => {
  expect(PAGES.map((page) => page.replace(/^.*\//, ''))).toEqual([
    'docker-auth.md',
    'ingress-nginx.md',
    'oauth2-proxy.md',
    'traefik-forward-auth.md',
    'vault-jwt.md',
  ]);
  for (const page of PAGES)
    expect([page, blocks(page, '').length + blocks(page, 'authorizer').length]).toEqual([page, 1]);
});

test.each(PAGES)('%s ends with shadow mode, replay and enforce', (page) => {
  const last = readText(page).split('\n## ').at(-1) ?? '';
  expect(last.split('\n')[0]).toBe('Shadow mode, replay, enforce');
  for (const command of ['gatehouse suggest --config', 'gatehouse replay --config', 'mode: enforce'])
    expect(last).toContain(command);
});

describe.each(CONFIGURATIONS)('$page', ({ name, yaml }) => {
  test('the configuration passes check, in shadow mode and in enforce mode', async () => {
    const folder = temporaryFolder('migrate');
    onTestFinished(folder.close);
    const file = join(folder.path, 'gatehouse.yaml');
    writeFileSync(file, yaml);
    const shadow = await gatehouse('check', '--config', file);
    expect(shadow).toExitWith(0);
    writeFileSync(file, yaml.replace('mode: shadow', 'mode: enforce'));
    // An authorizer of other pods without TLS is a warning.
    const limit = name === '' ? ['--fail-on', 'warning'] : [];
    const enforce = await gatehouse('check', '--config', file, ...limit);
    expect(enforce).toExitWith(0);
  });
});
