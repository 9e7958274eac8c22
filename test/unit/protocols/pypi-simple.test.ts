import { describe, expect, test } from 'vitest';
import type { PublicUrls } from '../../../src/core/request/protocol.ts';
import { SIMPLE_PAGE } from '../../../src/protocols/pypi/simple-page.ts';

const GATEWAY = 'https://gateway.example.com/pypi/';

/** The public URLs of an upstream at the root of its host. */
const urls: PublicUrls = {
  base: GATEWAY,
  of(url) {
    if (url.startsWith(GATEWAY)) return url;
    const own = ['http://index.internal:8080/', 'https://gateway.example.com/'];
    const from = own.find((prefix) => url.startsWith(prefix));
    return from === undefined ? undefined : GATEWAY + url.slice(from.length);
  },
  leadsToStorage: () => false,
};

const rewrite = (page: string): string | undefined => SIMPLE_PAGE.rewrite(page, urls);
const link = (href: string): string => `<!DOCTYPE html><body><a class=x href="${href}" data-y>acme</a><br>\n`;

describe('links of an HTML page', () => {
  test.each([
    [
      'absolute',
      'http://index.internal:8080/packages/a-1.0.tar.gz#sha256=ab',
      `${GATEWAY}packages/a-1.0.tar.gz#sha256=ab`,
    ],
    ['in another spelling', 'HTTP://Index.Internal:8080/x/../a-1.0.zip', `${GATEWAY}a-1.0.zip`],
    ['from the root of the host', '/packages/a-1.0.zip#md5=1', `${GATEWAY}packages/a-1.0.zip#md5=1`],
    ['already below the service', '/pypi/packages/a-1.0.zip', `${GATEWAY}packages/a-1.0.zip`],
    ['without a scheme', '//index.internal:8080/a-1.0.zip', `${GATEWAY}a-1.0.zip`],
    ['with white space and a backslash', '\t\\packages/a-1.0.zip ', `${GATEWAY}packages/a-1.0.zip`],
    ['with entities', '&#47;a-1.0.zip?x=1&amp;y=2', `${GATEWAY}a-1.0.zip?x=1&amp;y=2`],
  ])('%s', (_case, href, expected) => {
    expect(rewrite(link(href))).toBe(link(expected));
  });

  test.each([
    '../../packages/a-1.0.zip#sha256=ab',
    'a-1.0.zip',
    'https://elsewhere.example.com/a-1.0.zip',
    '#x',
  ])('%s is unchanged', (href) => {
    expect(rewrite(link(href))).toBe(link(href));
  });

  test('URLs of attestations are rewritten, other attributes and text stay unchanged', () => {
    const page =
      '<a href=/a-1.0.zip data-requires-python=">=3.8" title="http://index.internal:8080/">/a</a>' +
      "<A\nHREF = '/b-1.0.zip'\tdata-provenance='http://index.internal:8080/p'/>http://index.internal:8080/";
    expect(rewrite(page)).toBe(
      `<a href="${GATEWAY}a-1.0.zip" data-requires-python=">=3.8" title="http://index.internal:8080/">/a</a>` +
        `<A\nHREF = "${GATEWAY}b-1.0.zip"\tdata-provenance="${GATEWAY}p"/>http://index.internal:8080/`,
    );
  });

  test.each([
    ['an unclosed quote', '<a href="/a-1.0.zip>x</a>'],
    ['a quote inside a value', '<a href=/a"b>x</a>'],
    ['a missing value', '<a href=>x</a>'],
    ['an unclosed anchor', '<a href="/a-1.0.zip"'],
    ['a tag in a tag', '<a <b href="/a-1.0.zip">'],
    ['another base', '<base href="https://elsewhere.example.com/"><a href="/a-1.0.zip">x</a>'],
  ])('%s: the page is not relayed', (_case, page) => {
    expect(rewrite(`<a href="/first-1.0.zip">x</a>${page}`)).toBeUndefined();
  });

  test('a page full of unclosed anchors is read in linear time', () => {
    const page = '<a '.repeat(500_000);
    const start = performance.now();
    expect(rewrite(page)).toBeUndefined();
    expect(rewrite(`${'<a x="'.repeat(300_000)}`)).toBeUndefined();
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});

describe('JSON pages', () => {
  test('URLs of files and attestations are rewritten; other members stay unchanged', () => {
    const page = {
      meta: { 'api-version': '1.3', '_last-serial': 7 },
      name: 'acme',
      versions: ['1.0'],
      files: [
        {
          filename: 'acme-1.0.tar.gz',
          url: '/packages/acme-1.0.tar.gz',
          hashes: { sha256: 'ab' },
          provenance: 'http://index.internal:8080/integrity/acme/1.0/acme-1.0.tar.gz/provenance',
          'core-metadata': false,
        },
        {
          filename: 'acme-2.0.tar.gz',
          url: 'https://elsewhere.example.com/acme-2.0.tar.gz',
          provenance: null,
        },
      ],
    };
    const [first, second] = page.files;
    expect(JSON.parse(rewrite(JSON.stringify(page)) ?? '')).toEqual({
      ...page,
      files: [
        {
          ...first,
          url: `${GATEWAY}packages/acme-1.0.tar.gz`,
          provenance: `${GATEWAY}integrity/acme/1.0/acme-1.0.tar.gz/provenance`,
        },
        second,
      ],
    });
  });

  test('the project list is unchanged', () => {
    const list = '{"meta": {"api-version": "1.0"},  "projects": [{"name": "acme"}]}';
    expect(rewrite(list)).toBe(list);
  });

  test.each([
    ['cut short', '{"files": [{"url": "/a-1.0.zip"}'],
    ['files twice', '{"files": [], "files": [{"url": "/a-1.0.zip"}]}'],
    ['files that are not a list', '{"files": {"url": "/a-1.0.zip"}}'],
    ['a file without a URL', '{"files": [{"filename": "a-1.0.zip"}]}'],
  ])('%s: the page is not relayed', (_case, page) => {
    expect(rewrite(page)).toBeUndefined();
  });
});
