import { describe, expect, it } from 'vitest';
import { createAuthorizer } from '../../../src/policy/index.ts';
import type { Claims } from '../../../src/core/credentials/credential.ts';
import { credential, identity, one, settings } from './fixtures.ts';

/** Whether a grant on one pattern covers a resource. */
function reaches(
  service: string,
  pattern: string,
  claims: Claims,
  resource: string,
  issuer = 'gitlab',
): boolean {
  const grants = [{ service, scopes: ['read'], resources: [pattern] }];
  const authorizer = createAuthorizer(
    settings({ identities: [identity('it', { issuer, match: { id: '1' }, grants })] }),
  );
  const presented = credential({ id: '1', ...claims }, { issuer });
  const decision = authorizer.forService(service)(presented, [one('read', resource)]);
  if (decision.kind === 'deny') expect(decision.reason).toBe('resource_not_granted');
  return decision.kind === 'allow';
}

describe('a resource pattern', () => {
  const path = { project_path: 'acme/app' };
  const table: readonly (readonly [string, string, Claims, string, boolean])[] = [
    ['npm', '@acme/ui', {}, '@acme/ui', true],
    ['npm', '@acme/*', {}, '@acme/ui', true],
    ['npm', '@acme/*', {}, '@acme/ui/x', false],
    ['npm', '@acme/**', {}, '@acme', true],
    ['npm', '{claims.name}', { name: 'ui' }, 'ui', true],
    ['npm', '@acme/{claims.name}-*', { name: 'ui' }, '@acme/ui-kit', true],
    ['npm', '{claims.n}/{claims.n}', { n: 7 }, '7/7', true],
    ['npm', '{claims.n}', { n: true }, 'true', true],
    ['npm', '{claims./a/b}', { a: { b: 'ui' } }, 'ui', true],
    ['npm', '{claims.}', {}, '{claims.}', true],
    ['npm', '{other.x}', { x: 'ui' }, '{other.x}', true],
    ['registry', '{claims.project_path}/**', path, 'acme/app', true],
    ['registry', '{claims.project_path}/**', path, 'acme/app/web', true],
    ['registry', '{claims.project_path}/**', path, 'acme/app-evil', false],
    ['registry', '{claims.project_path}/**', path, 'acme-evil/app', false],
    ['registry', '{claims.project_path}', path, 'acme/app/web', false],
    // Image names are lowercase; only path claims are converted.
    ['registry', '{claims.project_path}', { project_path: 'Acme/App' }, 'acme/app', true],
    ['registry', '{claims.project_path}', { project_path: 'Acme/App' }, 'Acme/App', false],
    ['registry', '{claims.name}', { name: 'App' }, 'app', false],
    ['registry', 'Acme/*', {}, 'acme/app', false],
    ['npm', '{claims.project_path}', { project_path: 'Acme/App' }, 'acme/app', false],
    // Unicode lowercases the Kelvin sign to k, which names another project.
    ['registry', '{claims.project_path}', { project_path: 'acme/\u212aey' }, 'acme/key', false],
    // Type http compares with the canonical path.
    ['orders', '/v1/{claims.project_path}/*', path, '/v1/acme/app/x', true],
    ['orders', '/v1/größe ⁂', {}, '/v1/gr%C3%B6%C3%9Fe%20%E2%81%82', true],
    ['orders', '/v1/{claims.n}', { n: 'a b' }, '/v1/a%20b', true],
    ['orders', '/v1/{claims.n}', { n: 'ü' }, '/v1/%C3%BC', true],
    ['orders', '/v1/{claims.n}', { n: '😀' }, '/v1/%F0%9F%98%80', true],
    ['orders', '/v1/{claims.n}', { n: "a-._~!$&'()*+,;=:@b" }, "/v1/a-._~!$&'()*+,;=:@b", true],
    ['orders', '/v1/{x}', {}, '/v1/%7Bx%7D', true],
    ['orders', '/v1/\ud800', {}, '/v1/x', false],
    ['orders', '/v1/50%', {}, '/v1/50%25', true],
    ['orders', '**', {}, '/v1', true],
    ['orders', '/**', {}, '/', true],
    ['orders', '/v1/**', {}, '/v1', true],
    ['orders', '/v1/**', {}, '/v12', false],
    // P8
    ['orders', '/adm', {}, '/ADM', false],
    ['orders', '/adm', {}, '/adm.', false],
    ['orders', '/adm', {}, '/adm/', false],
  ];
  it.each(table)('on %s: %j with %j covers %j: %j', (service, pattern, claims, resource, expected) => {
    expect(reaches(service, pattern, claims, resource)).toBe(expected);
  });
});

describe('a claim in a resource pattern', () => {
  it.each([
    ['*', 'x'],
    ['**', 'x/y'],
    ['{claims.id}', '1'],
    ['a*', 'ab'],
    ['[ab]', 'a'],
  ])('is literal: %j', (value, other) => {
    expect(reaches('npm', '{claims.v}', { v: value }, value)).toBe(true);
    expect(reaches('npm', '{claims.v}', { v: value }, other)).toBe(false);
  });

  const unusable: readonly (readonly [string, unknown])[] = [
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a list', ['acme']],
    ['an object', { acme: 'acme' }],
    ['infinite', Number.POSITIVE_INFINITY],
    ['a dot', '.'],
    ['two dots', '..'],
    ['a line feed', 'a\n'],
    ['NUL', 'a\0b'],
    ['DEL', 'a\u007f'],
    ['a C1 control', 'a\u009bb'],
    ['a percent sign', 'a%2fb'],
    ['a backslash', 'a\\b'],
    ['a question mark', 'a?b'],
    ['a hash', 'a#b'],
    ['half a surrogate pair', 'a\ud800'],
    ['a slash', 'acme/app'],
  ];
  it.each(unusable)('that is %s makes the grant match nothing', (_name, value) => {
    for (const service of ['npm', 'orders', 'registry']) {
      for (const pattern of ['{claims.v}', '{claims.v}/**', '{claims.v}**', '**{claims.v}']) {
        for (const resource of [
          String(value),
          `${String(value)}/x`,
          'acme',
          'acme/app',
          'x',
          '',
          '/',
          '/x',
        ]) {
          expect(reaches(service, pattern, { v: value }, resource)).toBe(false);
        }
      }
    }
  });

  it.each(['/acme', 'acme/', 'acme//app', 'acme/../app', './acme', 'acme/.', '..', '/', 'acme/%2e%2e'])(
    'that is the path %j makes its grant match nothing',
    (value) => {
      for (const resource of [value, `${value}/x`, 'acme', 'acme/app', '']) {
        expect(reaches('npm', '{claims.project_path}/**', { project_path: value }, resource)).toBe(false);
      }
    },
  );

  it.each([
    ['gitlab', 'project_path', true],
    ['gitlab', 'namespace_path', true],
    ['gitlab', 'repository', false],
    ['gitlab', '/project_path', false],
    ['github', 'repository', true],
    ['github', 'project_path', false],
    ['cluster', 'project_path', false],
  ])('may be a path where the preset says so: %s, %s: %j', (issuer, claim, expected) => {
    const claims = { [claim.replace('/', '')]: 'acme/app', event_name: 'push' };
    expect(reaches('npm', `{claims.${claim}}`, claims, 'acme/app', issuer)).toBe(expected);
  });

  it('can contain dots that are not dot segments', () => {
    expect(reaches('npm', '{claims.v}', { v: '...' }, '...')).toBe(true);
    expect(reaches('npm', '{claims.project_path}', { project_path: 'acme/.github' }, 'acme/.github')).toBe(
      true,
    );
  });
});
