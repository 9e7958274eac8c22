import type { SeededRandom } from '../../support/fuzz/seeded-random.ts';

/** Addresses of the servers that a random policy names. */
export interface PolicyServers {
  readonly issuer: string;
  readonly upstream: string;
}

/**
 * A random policy for the services `a` and `b`, as YAML: identities of up to four projects and branches, roles, grants,
 * shadow mode, anonymous access and identity headers.
 */
export function randomPolicy(random: SeededRandom, { issuer, upstream }: PolicyServers): string {
  // The narrow matches precede the wide ones, which would make them unreachable.
  const matches = ['20', '21', '22']
    .flatMap((project) => [
      `project_id: "${project}", ref: main, ref_type: branch`,
      `project_id: "${project}"`,
    ])
    .filter(() => random.chance(0.8))
    .slice(0, 4)
    .toSorted((one, other) => other.length - one.length);
  const names = ['one', 'two', 'three', 'four'].toSorted(() => random.below(3) - 1);

  const grants = (): string =>
    `grants: [{ service: ${random.pick(['a', 'b'])}, scopes: [${random.pick(SCOPES)}], resources: ["${random.pick(RESOURCES)}"] }]`;
  const identity = (match: string, index: number): string =>
    `  ${names[index]}: { issuer: gitlab, match: { ${match} }, roles: [${random.pick(['r1', 'r2', 'r1, r2'])}]${random.chance(0.5) ? `, ${grants()}` : ''} }`;
  const service = (name: string): string =>
    [
      `  ${name}: { type: http, path: /${name}/, mode: ${random.pick(['enforce', 'enforce', 'shadow'])}`,
      ...(random.chance(0.6) ? [`identityHeaders: { X-Who: "${random.pick(TEMPLATES)}" }`] : []),
      ...(random.chance(0.2) ? ['anonymous: [{ scopes: [read_api], resources: ["/open/**"] }]'] : []),
      `upstream: { url: "${upstream}/" } }`,
    ].join(', ');

  return `
issuers: { gitlab: { type: gitlab, issuer: "${issuer}" } }
roles:
  r1: [{ service: a, scopes: [read_api], resources: ["${random.pick(RESOURCES)}"] }]
  r2: [{ service: b, scopes: [${random.pick(SCOPES)}], resources: ["**"] }]
identities:
${matches.map(identity).join('\n')}
services:
${service('a')}
${service('b')}
`;
}

const SCOPES = ['read_api', 'write_api', 'read_api, write_api'];
const RESOURCES = ['**', '/x/**', '/{claims.project_path}/**'];
const TEMPLATES = ['{identity}', '{claims.project_path}', '{claims.ref}-{roles}', '{scopes}'];
