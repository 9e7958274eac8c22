import { PLACEHOLDER_ID, type InitIssuer, type InitPlan } from './init-plan.ts';

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

function credentialLines({ type, project, scope, idClaim }: InitIssuer): string {
  const id = project.id ?? PLACEHOLDER_ID;
  const gitlab = type === 'gitlab';
  const main = gitlab
    ? { project_path: project.path, ref: 'main', ref_type: 'branch', ref_protected: 'true' }
    : { repository: project.path, ref: 'refs/heads/main', event_name: 'push' };
  const branch = gitlab ? "{ ref: 'feature', ref_protected: 'false' }" : "{ ref: 'refs/heads/feature' }";
  const claims = Object.entries({ [idClaim]: id, ...main });
  return `  ${type}-main:
    issuer: ${type}
    claims:
${claims.map(([name, value]) => `      ${name}: '${value}'\n`).join('')}\
  ${type}-branch: { extends: ${type}-main, claims: ${branch} }
  ${type}-other-${scope}: { extends: ${type}-main, claims: { ${idClaim}: '2${id}' } }
`;
}

function accessTests({ type, project }: InitIssuer, { service }: PlannedService): readonly string[] {
  const { name, read, write } = service;
  const on = (scopes: string): string =>
    `{ service: ${name}, scopes: [${scopes}], resources: ['${service.example(project)}'] }`;
  return [
    `  - name: 'main publishes to ${name} (${type})'
    as: ${type}-main
    can: ${on(`${read}, ${write}`)}
`,
    `  - name: 'another branch reads from ${name} and does not publish (${type})'
    as: ${type}-branch
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
