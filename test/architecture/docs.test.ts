import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { linksOf } from '../support/markdown-links.ts';
import { MANIFEST, ROOT, readText, repositoryFiles } from '../support/repository.ts';
import { run } from '../support/run.ts';

const files = await repositoryFiles();
const pages = files.filter((file) => file.endsWith('.md'));
const texts = files.filter((file) => !/\.(png|ico|gz|zip)$/.test(file));

/** Commands of npm; every other word after `npm` in the docs must be a script. */
const NPM_COMMANDS = new Set([
  'ci',
  'install',
  'i',
  'audit',
  'pack',
  'publish',
  'outdated',
  'logout',
  'ping',
  'search',
  'whoami',
  'view',
  'sbom',
  // The start of npm's error messages.
  'error',
]);

/** `src/…`, `docs/…` in backticks, except patterns and placeholders (`NAME`, `*`, `{}`, `…`). */
function namedPaths(page: string): readonly string[] {
  const quoted = [...page.matchAll(/`((?:src|test|docs|config|bench|helm|\.ci)\/[^`\s]*)`/g)].map(
    ([, path]) => path!,
  );
  return quoted
    .filter((path) => !/[*{}<>…]|NAME|NNNN|ROOM/.test(path))
    .map((path) => path.replace(/[#:].*$/, ''));
}

/** Code spans, fenced blocks and indented lines; in prose, `npm package` is not a command. */
function codeOf(page: string): string {
  return [...page.matchAll(/```[^]*?```|`[^`\n]+`|^ {4}.+$/gm)].map(([code]) => code).join('\n');
}

const SECTIONS = ['Status:', 'Date:', '## Context', '## Decision', '## Alternatives', '## Consequences'];

describe('documentation', () => {
  test.each([
    'README.md',
    'docs/concepts/architecture.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'LICENSE',
  ])('%s exists', (file) => {
    expect(files).toContain(file);
  });

  test('names only files that exist', () => {
    const missing = pages.flatMap((page) =>
      namedPaths(readText(page))
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('names only scripts that exist', () => {
    const missing = pages.flatMap((page) =>
      [...codeOf(readText(page)).matchAll(/\bnpm (?:run )?([a-z][a-z0-9:-]*)/g)]
        .map(([, name]) => name!)
        .filter((name) => !NPM_COMMANDS.has(name) && !(name in MANIFEST.scripts))
        .map((name) => `${page}: npm run ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test('every production dependency has a decision record', () => {
    const records = pages
      .filter((page) => page.startsWith('docs/adr/'))
      .map(readText)
      .join('\n');
    const unexplained = Object.keys(MANIFEST.dependencies).filter((name) => !records.includes(`\`${name}\``));
    expect(unexplained).toEqual([]);
  });

  test('every decision record has the required sections', () => {
    const decisions = pages.filter((page) => /^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(page));
    expect(decisions.length).toBeGreaterThan(0);
    for (const page of decisions) {
      for (const part of SECTIONS) {
        expect(readText(page), `${page}: ${part}`).toContain(part);
      }
    }
  });

  test('the contents of docs/ link every page', () => {
    const linked = new Set(
      linksOf(readText('docs/README.md')).map(({ target }) => normalize(join('docs', target))),
    );
    const listed = pages.filter(
      (page) => /^docs\/(?!adr\/\d)/.test(page) && page.endsWith('.md') && page !== 'docs/README.md',
    );
    expect(listed.filter((page) => !linked.has(page))).toEqual([]);
  });

  test('the index of decision records lists every record', () => {
    const index = readText('docs/adr/README.md');
    const records = pages.filter((page) => /^docs\/adr\/\d{4}-/.test(page));
    expect(records.filter((page) => !index.includes(`(${page.replace('docs/adr/', '')})`))).toEqual([]);
  });

  test.each(['README.md', 'docs/getting-started.md'])(
    'the configuration in %s passes check',
    async (page) => {
      const blocks = [...readText(page).matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text);
      expect(blocks).toHaveLength(1);
      const folder = mkdtempSync(join(tmpdir(), 'gatehouse-docs-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, 'gatehouse.yaml');
      writeFileSync(file, blocks.join(''));
      const outcome = await run(join(ROOT, 'bin/gatehouse'), ['check', '--config', file]);
      expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('0 warnings') });
    },
  );

  test('the README is an overview of at most 600 words', () => {
    expect(readText('README.md').split(/\s+/).length).toBeLessThanOrEqual(600);
  });

  test('the README shows the console and a configuration of at most twelve lines', () => {
    const readme = readText('README.md');
    expect(readme).toMatch(/!\[[^\]]+\]\(docs\/guides\/images\/console-[a-z-]+\.png\)/);
    const [, configuration = ''] = /^```yaml\n(.*?)^```/ms.exec(readme) ?? [];
    expect(configuration.trimEnd().split('\n').length).toBeLessThanOrEqual(12);
  });

  test('no page starts the package of that name on the npm registry', () => {
    expect(pages.filter((page) => readText(page).includes('npx gatehouse'))).toEqual([]);
  });
});

describe('a clone of the repository works on any machine', () => {
  /** The address of a registry mirror is valid on one network only. */
  const REGISTRY =
    /\b(?:registry|npm|pypi|index|static|repo\d?|proxy|sum|deb|mirrors?|files)\.(?!example\b)(?:[a-z0-9-]+\.)*(?:com|dev|io|net|org)\b/gi;
  const MACHINE_PATH = /(?<![\w.@-])\/(?:home|root|Users|work)\/\w[\w./-]*/g;

  test.each([
    { name: 'a package registry', pattern: REGISTRY },
    { name: 'a path of one machine', pattern: MACHINE_PATH },
  ])('no file names $name', ({ pattern }) => {
    const found = texts.flatMap((file) =>
      (readText(file).match(pattern) ?? []).map((text) => `${file}: ${text}`),
    );
    expect(found).toEqual([]);
  });

  test('the lock file names no registry: the client configuration selects it', () => {
    expect(readText('package-lock.json')).not.toContain('"resolved"');
  });
});
