import { expect, test } from 'vitest';
import { containsCredential, redactCredentials } from '../../../src/core/credentials/credential-pattern.ts';

const JWT = `eyJ${'h'.repeat(20)}.eyJ${'p'.repeat(20)}.${'s'.repeat(20)}`;
const DEPLOY_SECRET = `ghdt_orders_${'5e'.repeat(32)}`;

test.each([
  ['a JWT', JWT, '[credential]'],
  ['a JWT in a text', `aud=${JWT} is wrong`, 'aud=[credential] is wrong'],
  ['a JWT after other token characters', `token-${JWT}`, '[credential]'],
  ['the five parts of a JWE', `${JWT}.${'t'.repeat(9)}.${'u'.repeat(9)}`, '[credential]'],
  ['a JWT after an incomplete one', `eyJ${'x'.repeat(9)}.y/${JWT}`, `eyJ${'x'.repeat(9)}.y/[credential]`],
  ['a deploy token that ends in a JWT', `${DEPLOY_SECRET}${JWT}`, '[credential]'],
  ['a job token in a path', '/x/glcbt-64_abcdefghij/y', '/x/[credential]/y'],
  ['an installation token of GitHub, in its form since 2026', `x ghs_4711_${JWT}-_ y`, 'x [credential] y'],
  ['a token of npm', `npm_${'a1'.repeat(18)}`, '[credential]'],
  ['a token of Docker Hub', `login dckr_pat_${'a1'.repeat(12)}_-`, 'login [credential]'],
  ['a token of an organization of Docker Hub', `dckr_oat_${'a1'.repeat(12)}`, '[credential]'],
  ['a service token of Vault', `/v1/hvs.${'a1'.repeat(12)}/x`, '/v1/[credential]/x'],
  ['a batch token of Vault', `hvb.${'a1'.repeat(40)}`, '[credential]'],
  ['a token of PyPI', `pypi-AgEIcHlwaS5vcmcC${'a1'.repeat(12)}`, '[credential]'],
  ['tokens of GitHub', `gho_${'a1'.repeat(18)} github_pat_${'a1'.repeat(40)}`, '[credential] [credential]'],
  ['tokens of GitLab', `glptt-${'a1'.repeat(20)} gldt-${'a1'.repeat(10)}`, '[credential] [credential]'],
  ['a token of Slack', `xoxb-1234567890-${'a1'.repeat(12)}`, '[credential]'],
  ['a JWT without its signature', `x eyJ${'h'.repeat(9)}.eyJ${'p'.repeat(9)}…`, 'x [credential]…'],
  ['an API key of RubyGems', `rubygems_${'a1'.repeat(24)}`, '[credential]'],
  ['an API key of Artifactory', `AKCp${'a1'.repeat(30)}`, '[credential]'],
  ['a reference token of Artifactory', `cmVmdGtu${'a1'.repeat(28)}`, '[credential]'],
  ['an API key of NuGet', `/oy2${'a1'.repeat(21)}a/`, '/[credential]/'],
  ['a token of HCP Terraform', `${'aB1cD2e'.repeat(2)}.atlasv1.${'a1'.repeat(33)}`, '[credential]'],
  ['a token of Hugging Face', `hf_${'aB'.repeat(17)}`, '[credential]'],
  ['the userinfo of a URL', 'x https://ci:s3cret@example.com/a y', 'x https://[credential]@example.com/a y'],
  ['the user of a URL', 'git+https://s3cret@example.com', 'git+https://[credential]@example.com'],
  ['a password that contains an @', 'https://ci:s3@cret@example.com/a', 'https://[credential]@example.com/a'],
  ['the userinfo of an escaped URL', '/x/https%3A%2F%2Fci:s3cret@a', '/x/https%3A%2F%2F[credential]@a'],
  ['escaped userinfo', 'http:%2f%2fci%3As3%25cret%40a%2Fb', 'http:%2f%2f[credential]%40a%2Fb'],
  ['a token after an escape', `/a/token%3Dglpat-${'a1'.repeat(10)}/b`, '/a/token%3D[credential]/b'],
  [
    'tokens after an underscore',
    `a_gho_${'a1'.repeat(18)} _oy2${'a1'.repeat(21)}a`,
    'a_[credential] _[credential]',
  ],
  ['userinfo after one slash', '/x/https:/ci:s3cret@a/b', '/x/https:/[credential]@a/b'],
  ['a user after one slash', '/x/https:/s3cret@a/b', '/x/https:/[credential]@a/b'],
  ['userinfo of a scheme-relative URL', 'from //ci:s3cret@a/b', 'from //[credential]@a/b'],
  ['escaped separators of userinfo', 'https://ci%3As3cret%40a/b', 'https://[credential]%40a/b'],
  ['an escaped URL with one slash', '/x/https:%2Fci:s3cret%40a', '/x/https:%2F[credential]%40a'],
  ['an escaped scheme-relative URL', '/x/%2F%2fci%3as3cret%40a', '/x/%2F%2f[credential]%40a'],
  [
    'a URL that is escaped twice',
    'x=https%253A%252F%252Fci%253As3cret%2540a',
    'x=https%3A%2F%2F[credential]%40a',
  ],
  ['an escaped hyphen', `/a%20b/glpat%2D${'a1'.repeat(10)}/c`, '/a%20b/[credential]/c'],
  ['a hyphen that is escaped twice', `/glpat%252d${'a1'.repeat(10)}`, '/[credential]'],
  ['an escape of escaped digits', `/glpat%25%32%44${'a1'.repeat(10)}`, '/[credential]'],
  ['escaped letters of a prefix', `/%67h%70%5F${'a1'.repeat(18)}`, '/[credential]'],
  ['a JWT with escaped dots', `/${JWT.replaceAll('.', '%2E')}/x`, '/[credential]/x'],
  ['a JWT with escaped letters', `/%65%79J${JWT.slice(3)}/x`, '/[credential]/x'],
  [
    'parameters',
    'a?access_token=s3cret&x=1;JOB_TOKEN=s3cret',
    'a?access_token=[credential]&x=1;JOB_TOKEN=[credential]',
  ],
  ['an escaped parameter', '/x%3Fprivate_token%3Ds3cret/y', '/x%3Fprivate_token%3D[credential]/y'],
  [
    'an opaque bearer token',
    'curl/8 Authorization: Bearer s3cretS3cret',
    'curl/8 Authorization: Bearer [credential]',
  ],
  ['credentials of the Basic scheme', 'Basic%20Y2k6czNjcmV0', 'Basic%20[credential]'],
  ['a parameter in mixed case', 'a?tOkEn=s3cret&API_KEY=s3cret', 'a?tOkEn=[credential]&API_KEY=[credential]'],
  [
    'parameters in upper case',
    'SIGNATURE=s3cret X-pAsSwOrD%3ds3cret',
    'SIGNATURE=[credential] X-pAsSwOrD%3d[credential]',
  ],
  ['a scheme in upper case', 'AUTHORIZATION: BEARER s3cretS3cret', 'AUTHORIZATION: BEARER [credential]'],
  [
    'a password that contains a slash',
    'x https://ci:s3/cret@example.com/a y',
    'x https://[credential]@example.com/a y',
  ],
  [
    'a password with a slash after an @',
    'https://ci:s3@c/ret@example.com/a',
    'https://[credential]@example.com/a',
  ],
  ['a user with an @, and a slash', 'https://ci@a.b:s3/cret@example.com', 'https://[credential]@example.com'],
  [
    'a password with other delimiters',
    'https://ci:s3?c#r/et@example.com',
    'https://[credential]@example.com',
  ],
  ['a password with a slash, after one slash', '/x/https:/ci:s3/cret@a/b', '/x/https:/[credential]@a/b'],
  ['a password with a slash, without a scheme', 'from //ci:s3/cret@a/b', 'from //[credential]@a/b'],
  [
    'an escaped password with a slash',
    '/x/https%3A%2F%2Fci:s3%2Fcret%40a',
    '/x/https%3A%2F%2F[credential]%40a',
  ],
  [
    'an escaped @ before an escaped slash',
    '/x/https%3A%2F%2Fci:s%40x%2Fcret%40a',
    '/x/https%3A%2F%2F[credential]%40a',
  ],
  ['two URLs', 'https://ci:s3/c@a,https://ci:s3/c@b', 'https://[credential]@a,https://[credential]@b'],
  ['two tokens', `${JWT} ${DEPLOY_SECRET}`, '[credential] [credential]'],
])('redacts %s', (_, text, expected) => {
  expect(redactCredentials(text)).toBe(expected);
  expect(containsCredential(text)).toBe(true);
});

test.each([
  'ghp_import-2.1.0-py3-none-any.whl',
  'hf_transfer-0.1.9-cp38-abi3-manylinux_2_17_x86_64.whl',
  'rubygems_plugin_collection-1.0.gem',
  'com/acme/hvs.SomeClass.java',
  'https://example.com/@acme/widgets',
  'https://example.com:8443/a@b',
  'https://example.com:8443/@acme/widgets?x#y@z',
  '/x/https:/example.com:8443/@acme/widgets',
  'https://[2001:db8::1]:8443/@acme/widgets',
  '/x/https%3A%2F%2Fexample.com%3A8443%2F@acme%2fwidgets',
  '/x?from=https%3A%2F%2Fexample.com%3A8443&mail=ci@example.com',
  '/x?from=https%3A%2F%2Fexample.com:8443/a&mail=ci@example.com',
  '/x/https%3A%2F%2Fexample.com%2F@acme%2fwidgets',
  '/x?from=https%3A%2F%2Fexample.com&mail=ci@example.com',
  'spiffe://example.org/ns/a',
  '/npm/@acme%2fwidgets/-/widgets-1.0.0.tgz',
  '/npm/%40acme%2Fwidgets',
  '/npm/%2540acme%252Fwidgets/a%2Db',
  '/proxy/https:/example.com/@acme/widgets',
  'git@example.com:acme/widgets.git',
  '/debian/pool/main/o/openssl_1%3a3.0.2-1_amd64.deb',
  '/debian/pool/main/o/openssl_1:3.0.2@x',
  '/go/example.com/acme/widgets/@v/v1.0.0.info',
  '/v2/acme/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  '//lodash@4.17.21',
  '/maven/com/acme/token-service/1.0/token-service-1.0.jar',
  'the service requires Bearer authentication or Basic credentials',
  '/Visual%20Basic%20Something',
  '/a/token=/b',
  'acme/global-payments-api',
  '/glibc-2.38-headers/x',
  'gluster-file-server',
  'glossary-of-terms',
])('a name with the start of a prefix is no credential: %s', (text) =>
  expect([containsCredential(text), redactCredentials(text)]).toEqual([false, text]),
);

test('other texts are unchanged', () => {
  const text =
    'eyJ.a.b /orders/eyJshort.x refs/heads/gl-fix ghost_writer npm_config pypi-server pypi-index-mirror hvs.x';
  expect(redactCredentials(text)).toBe(text);
  expect(containsCredential(text)).toBe(false);
});

test.each([
  'eyJ',
  'eyJ-',
  'eyJaaaaaaaaa.',
  'eyJaaaaaaaaa.b.',
  'glpat-',
  'gl-',
  'a-',
  '://a',
  '://@',
  ':%2F%2Fa',
  ':%2F%2F%2',
  '_gl',
  'gho_1_',
  'gh',
  'rubygems_',
  'hf_a',
  '//:',
  '//::',
  'https:/',
  ':/a:',
  '%2F%2F:',
  '%2F:%3A',
  '%25',
  '25',
  '%2525252D',
  '%2%35',
  '://a:b',
  '://a:b/@',
  '//a:b/',
  '//a:',
  ':/a:b',
  '://a@',
  '%2F%2Fa:b',
  '%3A%2Fa%3Ab%2F',
  '%2F%2Fa:b@',
  'a:b/@',
  'token=',
  'bearer ',
  'Basic%20a',
  'Bearer a/+',
])('the time for "%s", repeated, is linear', (unit) => {
  const text = unit.repeat(1_000_000 / unit.length);
  const started = performance.now();
  containsCredential(text);
  redactCredentials(text);
  // A quadratic search of 1 MB takes half an hour.
  expect(performance.now() - started).toBeLessThan(5_000);
});
