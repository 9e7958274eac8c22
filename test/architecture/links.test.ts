/** Links of all Markdown pages. Other hosts are not contacted: their links are checked for their form only. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsOf, linksOf } from '../support/markdown-links.ts';
import { ROOT, readText, repositoryFiles } from '../support/repository.ts';

const pages = (await repositoryFiles()).filter((file) => file.endsWith('.md'));

/** The reason for which a link does not work, if any. */
function problemOf(page: string, target: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return externalProblem(target);
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), decodeURI(path)));
  if (file.startsWith('..')) return 'is outside the repository';
  if (!existsSync(join(ROOT, file))) return 'does not exist';
  if (anchor === undefined) return undefined;
  if (!file.endsWith('.md')) return 'has an anchor, but is not a page';
  return anchorsOf(readText(file)).has(anchor) ? undefined : `has no heading for #${anchor}`;
}

function externalProblem(target: string): string | undefined {
  const url = URL.parse(target);
  if (url === null) return 'is not a URL';
  if (url.protocol === 'mailto:') return undefined;
  if (url.protocol !== 'https:') return `has the scheme ${url.protocol}`;
  return url.username === '' && url.hostname.includes('.') ? undefined : 'has no public host';
}

test('every link leads to a page and a heading that exist', () => {
  const links = pages.flatMap((page) => linksOf(readText(page)).map((link) => ({ page, ...link })));
  expect(links.length).toBeGreaterThan(300);
  const broken = links.flatMap(({ page, line, target }) => {
    const problem = problemOf(page, target);
    return problem === undefined ? [] : [`${page}:${line}: ${target} ${problem}`];
  });
  expect(broken).toEqual([]);
});

describe('the check', () => {
  test.each([
    ['a missing page', 'missing.md', 'does not exist'],
    ['a missing heading', '#no-such-heading', 'has no heading for #no-such-heading'],
    ['a missing heading of another page', 'docs/glossary.md#none', 'has no heading for #none'],
    ['a page outside', '../other.md', 'is outside the repository'],
    ['http', 'http://example.com/', 'has the scheme http:'],
    ['a broken URL', 'https://', 'is not a URL'],
  ])('reports %s', (_case, target, problem) => {
    expect(problemOf('README.md', target)).toBe(problem);
  });

  test('reads links and anchors as GitHub does', () => {
    const page =
      '# A `b` & C\n\n[x](y.md "title") `[no](code.md)`\n\n```\n[no](fence.md)\n# no\n```\n\n## Same\n\n## Same\n\n[r]: z.md\n';
    expect(linksOf(page).map(({ target }) => target)).toEqual(['y.md', 'z.md']);
    expect([...anchorsOf(page)]).toEqual(['a-b--c', 'same', 'same-1']);
  });
});
