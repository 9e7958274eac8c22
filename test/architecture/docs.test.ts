import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MANIFEST, ROOT, readText, repositoryFiles } from '../support/repository.ts';

const files = await repositoryFiles();
const pages = files.filter((file) => file.endsWith('.md'));
const texts = files.filter((file) => !/\.(png|ico|gz|zip)$/.test(file));

/** npm's own commands; everything else that follows `npm` in the docs must be a script. */
const NPM_COMMANDS = new Set([
  'ci',
  'install',
  'i',
  'audit',
  'pack',
  'outdated',
  'logout',
  'ping',
  'search',
  'whoami',
]);

/** `src/…`, `docs/…` in backticks; a placeholder (`NAME`, `*`, `{}`, `…`) names no one file. */
function namedPaths(page: string): readonly string[] {
  const quoted = [...page.matchAll(/`((?:src|test|docs|config|bench|helm|\.ci)\/[^`\s]*)`/g)].map(
    ([, path]) => path!,
  );
  return quoted
    .filter((path) => !/[*{}<>…]|NAME|NNNN|ROOM/.test(path))
    .map((path) => path.replace(/[#:].*$/, ''));
}

/** Code spans, fenced blocks and indented lines: elsewhere `npm package` is just English. */
function codeOf(page: string): string {
  return [...page.matchAll(/```[^]*?```|`[^`\n]+`|^ {4}.+$/gm)].map(([code]) => code).join('\n');
}

function linkedPaths(page: string, folder: string): readonly string[] {
  return [...page.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, path]) =>
    normalize(join(folder, path!)),
  );
}

describe('documentation', () => {
  test.each([
    'README.md',
    'docs/concepts/architecture.md',
    'SECURITY.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'LICENSE',
  ])('%s is there', (file) => {
    expect(files).toContain(file);
  });

  test('names only files that exist', () => {
    const missing = pages.flatMap((page) => {
      const text = readText(page);
      return [...namedPaths(text), ...linkedPaths(text, dirname(page))]
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${page}: ${path}`);
    });
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

  test('every production dependency has its reason in docs/adr/', () => {
    const decisions = pages
      .filter((page) => page.startsWith('docs/adr/'))
      .map(readText)
      .join('\n');
    const unexplained = Object.keys(MANIFEST.dependencies).filter(
      (name) => !decisions.includes(`\`${name}\``),
    );
    expect(unexplained).toEqual([]);
  });

  test('every decision has status, date, rejected options and consequences', () => {
    const decisions = pages.filter((page) => /^docs\/adr\/\d{4}-[a-z0-9-]+\.md$/.test(page));
    expect(decisions.length).toBeGreaterThan(0);
    for (const page of decisions) {
      for (const part of ['Status:', 'Date:', '## Decision', '## Rejected', '## Consequences']) {
        expect(readText(page), `${page}: ${part}`).toContain(part);
      }
    }
  });
});

describe('the repository works for whoever clones it', () => {
  /** A mirror's address would work here and nowhere else, or only as long as that mirror lives. */
  const REGISTRY =
    /\b(?:registry|npm|pypi|index|static|repo\d?|proxy|sum|deb|mirrors?|files)\.(?!example\b)(?:[a-z0-9-]+\.)*(?:com|dev|io|net|org)\b/gi;
  const MACHINE_PATH = /(?<![\w.@-])\/(?:home|root|Users|work)\/\w[\w./-]*/g;

  test.each([
    { what: 'a package registry', pattern: REGISTRY },
    { what: 'a path of one machine', pattern: MACHINE_PATH },
  ])('no file names $what', ({ pattern }) => {
    const found = texts.flatMap((file) =>
      (readText(file).match(pattern) ?? []).map((text) => `${file}: ${text}`),
    );
    expect(found).toEqual([]);
  });

  test('the lock file leaves it to the client where packages come from', () => {
    expect(readText('package-lock.json')).not.toContain('"resolved"');
  });
});
