import { changedClaims, publisherClaims, type InitIssuer } from './init-issuer.ts';
import type { InitPlan } from './init-plan.ts';

type PlannedService = InitPlan['services'][number];

/** The text of gatehouse.test.yaml: each rule of the configuration has a test that it allows and one that it denies. */
export function initialPolicyTests({ publicUrl, issuers, services }: InitPlan): string {
  const tests = issuers.flatMap((issuer) => [
    ...services.flatMap((service) => accessTests(issuer, service)),
    ...services.slice(0, 1).map((service) => strangerTest(issuer, service, publicUrl)),
  ]);
  return `# Tests of the policy in gatehouse.yaml: gatehouse test --config . --coverage
# They send nothing. Change them with the policy, and run them for each merge request.

version: 1

# Claims of the callers' tokens, as in a decoded token.
credentials:
${issuers.map(credentialLines).join('')}
tests:
${tests.join('')}`;
}

function credentialLines(issuer: InitIssuer): string {
  const { type, publishers, scope, readerClaims, strangerClaims } = issuer;
  const original = `${type}-${publishers}`;
  const changed = (changes: InitIssuer['readerClaims']): string => {
    const members = Object.entries(changedClaims(issuer, changes));
    return `{ ${members.map(([name, value]) => `${name}: ${valueText(value)}`).join(', ')} }`;
  };
  const claims = Object.entries(publisherClaims(issuer));
  return `  ${original}:
    issuer: ${type}
    claims:
${claims.map(([name, value]) => `      ${name}: ${valueText(value)}\n`).join('')}\
  ${type}-reader: { extends: ${original}, claims: ${changed(readerClaims)} }
  ${type}-other-${scope}: { extends: ${original}, claims: ${changed(strangerClaims)} }
`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function accessTests(
  { type, project, publishers, reader }: InitIssuer,
  { service }: PlannedService,
): readonly string[] {
  const { name, read, write } = service;
  const on = (scopes: string): string =>
    `{ service: ${name}, scopes: [${scopes}], resources: ['${service.example(project)}'] }`;
  return [
    `  - name: '${publishers} publishes to ${name} (${type})'
    as: ${type}-${publishers}
    can: ${on(`${read}, ${write}`)}
`,
    `  - name: '${reader} reads from ${name} and does not publish (${type})'
    as: ${type}-reader
    can: ${on(read)}
    cannot: ${on(write)}
`,
  ];
}

/** With a request instead of scopes, which also covers the route and the operation. */
function strangerTest(
  { type, project, scope }: InitIssuer,
  { service }: PlannedService,
  publicUrl: string,
): string {
  const [method = '', path = ''] = service.request(project).split(' ');
  return `  - name: 'another ${scope} has no access (${type})'
    as: [${type}-other-${scope}, anonymous]
    request: ${method} ${publicUrl}${path}
    expect: { deny: [no_matching_identity, no_credential] }
`;
}
