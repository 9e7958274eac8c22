/** `check` never calls a pattern unmatched that matches a name which a protocol accepts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unmatchedPatternProblem } from '../../src/config/rules/names/unmatched-pattern.ts';
import type { RequestHead } from '../../src/core/request/request-head.ts';
import { parseTarget } from '../../src/http/request-target.ts';
import { gitProtocol, packageProtocols } from '../support/protocols.ts';

const settings = { path: '/f/' };
const go = packageProtocols.go(settings);

/** A request that names one resource. */
const REQUESTS: Readonly<Record<string, readonly [Pick<typeof go, 'classify'>, (name: string) => string]>> = {
  npm: [packageProtocols.npm(settings), (name) => name],
  nuget: [packageProtocols.nuget(settings), (name) => `package/${name}/index.json`],
  helm: [packageProtocols.helm(settings), (name) => `${name}-1.0.0.tgz`],
  deb: [packageProtocols.deb(settings), (name) => `pool/main/${name}_1.0_all.deb`],
  rpm: [packageProtocols.rpm(settings), (name) => `Packages/${name}-1.0-1.noarch.rpm`],
  maven: [packageProtocols.maven(settings), (name) => name],
  pypi: [packageProtocols.pypi(settings), (name) => `simple/${name}/`],
  conan: [packageProtocols.conan(settings), (name) => `v2/conans/${name.replace('@', '/')}/latest`],
  go: [go, (name) => `${name}/@latest`],
  git: [gitProtocol(settings), (name) => `${name}/info/refs?service=git-upload-pack`],
};

/** The start of names that random pieces rarely form. */
const PREFIXES: Readonly<Record<string, readonly string[]>> = {
  conan: ['acme/1.0@team/', 'acme/1.0@_/'],
  go: ['git.example.com/', ''],
};

const PIECES = ['a', 'B', '0', 'acme', 'x.y', '.', '_', '-', '~', '@', '+', '!a', '/', '/', '.git', '.asc'];

function resourceOf(type: string, name: string): string | undefined {
  const [protocol, toTarget] = REQUESTS[type] ?? [go, String];
  const parsed = parseTarget(`/f/${toTarget(name)}`);
  if ('kind' in parsed) return undefined;
  const head = { ...parsed, method: 'GET', host: 'h', hasBody: false, rawHeaders: [] } satisfies RequestHead;
  const asked = protocol.classify(head);
  const [operation] = asked.kind === 'operations' ? asked.operations : [];
  return operation?.extent === 'one' ? operation.resource : undefined;
}

test.each(Object.keys(REQUESTS))('%s', (type) => {
  let accepted = 0;
  const name = fc
    .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })
    .map((parts) => parts.join(''));
  const prefix = fc.constantFrom(...(PREFIXES[type] ?? ['', '@acme/']));
  const property = fc.property(prefix, name, fc.nat(), fc.nat(), (start, text, from, length) => {
    const resource = resourceOf(type, start + text);
    if (resource === undefined) return;
    accepted += 1;
    const at = from % (resource.length + 1);
    const end = at + (length % (resource.length + 1 - at));
    const cut = resource.slice(at, end);
    const wildcard = cut.includes('/') ? '**' : '*';
    for (const pattern of [resource, resource.slice(0, at) + wildcard + resource.slice(end)])
      expect(unmatchedPatternProblem(type, pattern)).toBeUndefined();
  });
  fc.assert(property, { numRuns: 4_000 });
  expect(accepted).toBeGreaterThan(100);
});
