/** `gatehouse.claims` and `gatehouse.nearest`: size, secrets and values. */
import { describe, expect, it } from 'vitest';
import { claimsText, nearestText } from '../../../../src/observability/audit/claims-text.ts';

function read(text: string): Record<string, unknown> {
  return JSON.parse(`{${text.slice(1)}}`) as Record<string, unknown>;
}

const names = (...list: string[]): ReadonlySet<string> => new Set(list);

describe('the claims of an event', () => {
  it('are those of the policy, by the names of the policy, with their JSON values', () => {
    const claims = {
      project_id: 20,
      ref: 'main',
      sub: 'x',
      nested: { project: 'a' },
      groups: ['a', 1, true],
      empty: null,
    };
    expect(
      read(claimsText(claims, names('project_id', '/nested/project', 'groups', 'ref', 'empty', 'x'))),
    ).toEqual({
      claims: { project_id: 20, '/nested/project': 'a', groups: ['a', 1, true], ref: 'main' },
    });
    expect(read(claimsText(claims, names()))).toEqual({ claims: {} });
    expect(read(claimsText({ toString: 'x' }, names('constructor', '__proto__')))).toEqual({ claims: {} });
  });

  it('take at most 2 KiB; claims that do not fit are counted', () => {
    const claims = { a: 'é'.repeat(900), b: 'x'.repeat(1000), c: 'main' };
    const text = claimsText(claims, names('a', 'b', 'c'));
    expect(read(text)).toEqual({ claims: { a: claims.a, c: 'main' }, claims_omitted: 1 });
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`claim${n}`, 'value']));
    const [, object = ''] = /"claims":(\{[^}]*\})/.exec(claimsText(many, new Set(Object.keys(many)))) ?? [];
    expect(Buffer.byteLength(object)).toBeLessThanOrEqual(2048);
    expect(Buffer.byteLength(object)).toBeGreaterThan(2000);
  });

  it.each([
    ['a JWT', `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.${'A'.repeat(40)}`],
    ['a GitLab token', `glpat-${'a1'.repeat(10)}`],
    ['a GitLab job token', `token=glcbt-64_${'a1'.repeat(10)}`],
    ['a GitHub token', `ghp_${'a1'.repeat(18)}`],
    ['a deploy token', `ghdt_edge_${'0a'.repeat(32)}`],
  ])('contain no value with %s', (_name, secret) => {
    const claims = { ref: secret, groups: ['a', secret], project_id: '20' };
    const text = claimsText(claims, names('ref', 'groups', 'project_id'));
    expect(text).not.toContain(secret);
    expect(read(text)).toEqual({ claims: { project_id: '20' }, claims_omitted: 2 });
    const near = nearestText(
      { identity: 'x', claim: 'ref', operator: 'equals', expected: ['main'], actual: secret },
      true,
    );
    expect(near).not.toContain(secret);
  });

  it('omit objects: no condition compares them', () => {
    expect(read(claimsText({ a: { b: 1 } }, names('a')))).toEqual({ claims: {}, claims_omitted: 1 });
  });
});

describe('the nearest identity of an event', () => {
  const near = { identity: 'main', claim: 'ref', operator: 'in', expected: ['a', 'b'], actual: 'x' };

  it('names the failed condition and the claim', () => {
    expect(read(nearestText(near, true))).toEqual({ nearest: near });
  });

  it('is bounded', () => {
    const long = 'x'.repeat(20_000);
    const text = nearestText({ ...near, expected: Array<string>(50).fill(long), actual: long }, true);
    expect(text.length).toBeLessThan(1000);
    expect(read(text)).toMatchObject({ nearest: { expected: { length: 5 } } });
  });

  it('contains no claim value with audit.claims: none', () => {
    const { actual: _, ...without } = near;
    expect(read(nearestText(near, false))).toEqual({ nearest: without });
  });

  it('contains the rule of a guard', () => {
    const guard = { identity: 'main', claim: 'event_name', actual: undefined, why: 'never' };
    expect(read(nearestText(guard, true))).toEqual({
      nearest: { identity: 'main', claim: 'event_name', rule: 'never' },
    });
  });
});
