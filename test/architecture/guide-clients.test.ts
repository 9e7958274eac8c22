/** Clients and code blocks of the guides: a test runs each of them, or the page says that none does. */
import { describe, expect, test } from 'vitest';
import { readText, repositoryFiles } from '../support/repository.ts';

const files = await repositoryFiles();
const GUIDES = files.filter((file) => /^docs\/guides\/.*\.md$/.test(file));
const tests = files
  .filter(
    (file) =>
      /^test\/(e2e|support|architecture)\/.*\.ts$/.test(file) && !file.endsWith('/guide-clients.test.ts'),
  )
  .map(readText)
  .join('\n');

/** Code blocks that no test runs. The page names their clients as not tested, or says how they were tried. */
const NOT_RUN: readonly string[] = ['build.sbt', 'ivysettings.xml', '~/.npmrc for yarn 1'];

/** The cells of a column of the first table below a heading. */
function column(page: string, heading: string, index: number): readonly string[] {
  const section = readText(page).split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.split('|')[index + 1]?.trim() ?? '');
}

test('every named code block of a guide is run by a test, apart from a list', () => {
  const blocks = GUIDES.flatMap((page) =>
    [...readText(page).matchAll(/^```\w+ (\S.*)$/gm)].map(([, name]) => ({ page, name: name! })),
  );
  expect(blocks.length).toBeGreaterThan(30);
  const unused = blocks.filter(({ name }) => !tests.includes(`'${name}'`)).map(({ name }) => name);
  expect(unused.toSorted()).toEqual(NOT_RUN.toSorted());
});

describe('docs/guides/ci/setup.md', () => {
  const PAGE = 'docs/guides/ci/setup.md';
  const setup = files
    .filter((file) => /^test\/(e2e\/setup-.*|support\/terraform)\.ts$/.test(file))
    .map(readText)
    .join('\n');
  /** `… were tried by hand. Not tested: ….` */
  const [exceptions = ''] = /(?:[^.\n]|\.\d)* were tried by hand\. Not tested: .*/.exec(readText(PAGE)) ?? [];
  const clients = column(PAGE, 'Clients', 1)
    .flatMap((cell) => cell.split(/[,;] /))
    .filter((name) => !/programs|your own/.test(name));

  test.each(clients)('%s is run by a test, or the page says that it is not', (client) => {
    const program = client.replace("Terraform's HTTP backend", 'terraform').replace(/ (?:publish|\d+)$/, '');
    const run = new RegExp(`(?<![\\w-])${program}(?![\\w-])`, 'i');
    expect([setup, exceptions].some((text) => run.test(text))).toBe(true);
  });
});

test('every client of docs/guides/registries.md is run by a test', () => {
  const programs = column('docs/guides/registries.md', 'Clients', 0).flatMap(
    (cell) => cell.match(/\b(?:docker|containerd|skopeo|podman|buildah|helm)\b/g) ?? [],
  );
  expect(programs.length).toBeGreaterThan(6);
  const registry = files
    .filter((file) => /^test\/(e2e\/(registry|container)-.*|support\/container-.*)\.ts$/.test(file))
    .map(readText)
    .join('\n');
  expect(programs.filter((program) => !registry.includes(program))).toEqual([]);
});
