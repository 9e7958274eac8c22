import { expect, test } from 'vitest';
import type { VerifiedCredential } from '../../src/core/credentials/credential.ts';
import { deployTokenCredential } from '../../src/core/credentials/deploy-token.ts';
import { ISSUER_PRESETS } from '../../src/core/issuers/issuer-presets.ts';
import type { Operation } from '../../src/core/request/operation.ts';
import { compileTemplate } from '../../src/policy/compile/resource-template.ts';
import { compareAccess } from '../../src/policy/tools/diff/compare-access.ts';
import type { AccessDifference, ComparedSettings } from '../../src/policy/tools/diff/access-difference.ts';
import { compileSide, type Side } from '../../src/policy/tools/diff/side.ts';
import { credentialWith, requestedToken } from '../../src/policy/tools/diff/witness.ts';
import * as values from '../support/policy/mutated-policies.ts';
import { choicesFrom, type Choices } from '../support/policy/random.ts';

/** `GATEHOUSE_PROPERTY=long npx vitest run test/property/policy-diff.test.ts` compares 100,000. */
const TRIPLES = process.env['GATEHOUSE_PROPERTY'] === 'long' ? 100_000 : 5_000;
const SEED = Number(process.env['GATEHOUSE_SEED'] ?? 1);

test('every difference between two policies is reported, and certain ones exist', () => {
  const seen = { triples: 0, different: 0, certain: 0, possible: 0 };
  for (let seed = SEED; seen.triples < TRIPLES; seed += 1) {
    const choices = choicesFrom(seed * 7919);
    const old = values.randomPolicy(choices) as ComparedSettings;
    const next = values.mutatePolicy(
      old as ReturnType<typeof values.randomPolicy>,
      choices,
    ) as ComparedSettings;
    const result = compareAccess(old, next);
    for (const { certainty } of [...result.gains, ...result.losses]) seen[certainty] += 1;
    const [before, after] = [compileSide(old), compileSide(next)];
    const triples = triplesOf(before, after, choices);
    const different = triples.filter(({ gained, lost }) => gained || lost);
    for (const triple of different) {
      const [side, list] = triple.gained ? [after, result.gains] : [before, result.losses];
      if (list.some((entry) => accountsFor(entry, triple, side))) continue;
      const near = list.filter(({ service }) => service === triple.service);
      expect.fail(`seed ${seed}: ${JSON.stringify({ ...triple, near, old, next })}`);
    }
    // At most four equal decisions for each different one.
    seen.different += different.length;
    seen.triples += different.length + Math.min(triples.length - different.length, 4 * different.length);
  }
  expect(seen.different / seen.triples).toBeGreaterThanOrEqual(0.2);
  expect(seen.certain / (seen.certain + seen.possible)).toBeGreaterThan(0.5);
  console.info(JSON.stringify(seen));
}, 600_000);

interface Triple {
  readonly credential: VerifiedCredential | undefined;
  readonly service: string;
  readonly operation: Operation;
  readonly gained: boolean;
  readonly lost: boolean;
}

function triplesOf(before: Side, after: Side, choices: Choices): readonly Triple[] {
  const credentials = Array.from({ length: 40 }, () => randomCredential(before, after, choices));
  return [undefined, ...credentials].flatMap((credential) =>
    Array.from({ length: 30 }, (): Triple => {
      const service = choices.of(values.SERVICE_NAMES);
      const operation: Operation = {
        scope: choices.of(values.scopesOf(service)),
        resource: choices.of<string>(values.RESOURCES[service]),
        extent: choices.of(['one', 'one', 'one', 'one', 'any', 'every'] as const),
      };
      const presented = credential && asRequested(credential, operation.scope, [before, after], choices);
      const [was, is] = [before, after].map((side) => side.allows(presented, service, operation));
      // The holder of the credential can also present it itself.
      const [could, can] = [before, after].map((side) => side.allows(credential, service, operation));
      const gained = is === true && was === false && could === false;
      const lost = was === true && is === false && can === false;
      return { credential: presented, service, operation, gained, lost };
    }),
  );
}

function randomCredential(before: Side, after: Side, choices: Choices): VerifiedCredential {
  if (choices.chance(0.1)) {
    const token = choices.of(choices.of([before, after]).settings.deployTokens);
    return deployTokenCredential(token, '');
  }
  const isHub = choices.chance(0.3);
  const project = choices.below(values.PROJECTS.length);
  const path = values.PROJECTS[project];
  const id = values.IDS[project];
  const claims: Record<string, unknown> = {
    project_id: id,
    ref: choices.of(values.REFS),
    ...(isHub ? { repository: path, event_name: choices.of(values.EVENTS) } : { project_path: path }),
    ...(choices.chance(0.3) && { groups: choices.of(values.GROUPS) }),
    ...(!isHub &&
      choices.chance(0.3) && { job_project_id: choices.chance(0.5) ? id : choices.of(values.IDS) }),
  };
  if (choices.chance(0.1)) delete claims[choices.of(Object.keys(claims))];
  const kind = !isHub && choices.chance(0.4) ? 'job_token' : 'id_token';
  const issuer = isHub ? 'hub' : 'lab';
  const audience = kind === 'id_token' ? choices.of(['gw', 'gw', ...values.AUDIENCES]) : undefined;
  const credential = credentialWith(claims, { kind, issuer, issuerUrl: `https://${issuer}.test`, audience });
  return credential;
}

/** Some of the credentials are exchanged for a token that names a workload identity, or the matched identity. */
function asRequested(
  credential: VerifiedCredential,
  scope: string,
  sides: readonly Side[],
  choices: Choices,
): VerifiedCredential {
  if (!choices.chance(0.3)) return credential;
  const { authorizer, settings } = choices.of(sides);
  const matched = authorizer.identify(credential);
  const named = settings.workloadIdentities
    .map(({ identity }) => identity)
    .filter((identity) => settings.identities.some(({ name }) => name === identity))
    .filter((identity) => 'identity' in authorizer.identifyAs(identity, credential));
  const identity = choices.of([...named, ...('identity' in matched ? [matched.identity] : [])]);
  return identity === undefined ? credential : requestedToken(credential, identity, scope);
}

function accountsFor(
  entry: AccessDifference,
  { credential, service, operation }: Triple,
  side: Side,
): boolean {
  if (entry.service !== service || (entry.scope !== '*' && entry.scope !== operation.scope)) return false;
  const isAnonymous = side.allows(undefined, service, operation);
  if (isAnonymous !== (entry.identity === 'anonymous')) return false;
  if (credential !== undefined && !isAnonymous) {
    const kind = credential.minted?.source.class ?? credential.class;
    if (entry.class !== '*' && entry.class !== kind) return false;
    const caller = side.authorizer.identify(credential);
    const name = 'identity' in caller ? caller.identity : undefined;
    if (entry.identity !== '*' && entry.identity !== name) return false;
  }
  if (operation.extent !== 'one') return operation.extent === 'any' || entry.resource === '**';
  const type = side.policy.services.get(service)?.type ?? '';
  const issuer = side.settings.issuers.find(({ name }) => name === credential?.issuer);
  const claims = credential?.claims ?? {};
  const expansion = compileTemplate(entry.resource, type).expand(
    claims,
    issuer === undefined ? [] : ISSUER_PRESETS[issuer.type].pathClaims,
  );
  const own = [claims['project_path'], `id:${String(claims['project_id'])}`];
  const names = type === 'gitlab' && own.includes(operation.resource) ? own : [operation.resource];
  return expansion.kind === 'pattern' && names.some((name) => expansion.glob.test(String(name)));
}
