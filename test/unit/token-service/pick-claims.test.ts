import { expect, test } from 'vitest';
import { claimAt } from '../../../src/core/credentials/claims.ts';
import { pickClaims } from '../../../src/token-service/pick-claims.ts';

const claims = JSON.parse(
  '{"project_id":"20","secret":"x","kubernetes.io":{"namespace":"payments","node":"n"},"a/b":{"c~d":1},"__proto__":{"x":1}}',
) as Record<string, unknown>;

test('picks the named claims at their original path', () => {
  const names = ['project_id', '/kubernetes.io/namespace', '/a~1b/c~0d', 'missing', '/no/where'];
  const picked = pickClaims(claims, names);
  expect(JSON.parse(JSON.stringify(picked))).toEqual({
    project_id: '20',
    'kubernetes.io': { namespace: 'payments' },
    'a/b': { 'c~d': 1 },
  });
  for (const name of names)
    expect(claimAt(JSON.parse(JSON.stringify(picked)) as typeof claims, name)).toEqual(claimAt(claims, name));
});

test('a claim can have any name', () => {
  expect(JSON.stringify(pickClaims(claims, ['__proto__', '/constructor/name']))).toBe(
    '{"__proto__":{"x":1}}',
  );
});

test('the claims of the source are never written to', () => {
  const source = { a: Object.freeze({ b: 1 }), list: Object.freeze(['x']) };
  expect(JSON.stringify(pickClaims(source, ['a', '/a/b', 'list', '/list/0']))).toBe(
    '{"a":{"b":1},"list":["x"]}',
  );
});
