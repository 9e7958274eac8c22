import { expect, test } from 'vitest';
import type { TokenLimits } from '../../../src/core/credentials/credential.ts';
import type { Operation } from '../../../src/core/request/operation.ts';
import { withinLimits } from '../../../src/policy/evaluate/token-limits.ts';

const scopes = (...names: readonly string[]): TokenLimits => ({ kind: 'scopes', scopes: new Set(names) });
const resources = (entries: Readonly<Record<string, readonly string[]>>): TokenLimits => ({
  kind: 'resources',
  resources: new Map(Object.entries(entries).map(([name, list]) => [name, new Set(list)])),
});
const of = (scope: string, resource: string, extent: Operation['extent'] = 'one'): Operation => ({
  scope,
  resource,
  extent,
});

test.each<readonly [string, TokenLimits, Operation, boolean]>([
  ['a scope, on anything', scopes('read'), of('read', 'a'), true],
  ['a scope, on everything', scopes('read'), of('read', '', 'every'), true],
  ['another scope', scopes('read'), of('write', 'a'), false],
  ['no scope', scopes(), of('read', 'a'), false],
  ['a resource', resources({ a: ['read'] }), of('read', 'a'), true],
  ['another resource', resources({ a: ['read'] }), of('read', 'b'), false],
  ['another scope on it', resources({ a: ['read'] }), of('write', 'a'), false],
  ['an index, with one resource', resources({ a: ['read'] }), of('read', '', 'any'), true],
  ['an index, with another scope', resources({ a: ['read'] }), of('write', '', 'any'), false],
  ['everything, with one resource', resources({ a: ['read'] }), of('read', '', 'every'), false],
  ['a resource called like a wildcard', resources({ '**': ['read'] }), of('read', 'a'), false],
])('%s', (_what, limits, operation, within) => {
  expect(withinLimits(limits, operation)).toBe(within);
});
