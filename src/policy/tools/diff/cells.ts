import type { CredentialClass } from '../../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../../core/credentials/deploy-token.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';
import type { CompiledService } from '../../compile/policy.ts';
import type { ResourceTemplate } from '../../compile/resource-template.ts';
import type { IdentityOrder } from './identity-order.ts';
import { intersect, isWithinRegion, regionOf, splitRegion, type Region } from './region.ts';
import type { Side } from './side.ts';
import { isCovered, isEverything, type HeldTemplates } from './templates.ts';

/** One pattern of a grant: what an identity can do with one class of credentials. */
export interface AccessAtom {
  readonly identity: CompiledIdentity;
  readonly class: CredentialClass;
  readonly service: CompiledService;
  readonly scope: string;
  readonly template: ResourceTemplate;
}

/** Credentials for which the other configuration may not allow the access, and the reason. */
export interface UncoveredCell {
  readonly region: Region;
  readonly why: string;
  /** The token has this audience. */
  readonly audience?: string;
  /** The credential is a token that names this identity. */
  readonly requestedIdentity?: string;
  /** The other configuration refuses the credential from this day on. */
  readonly on?: string;
  /** The resource is in this project. */
  readonly project?: string;
}

/** The two configurations; the access of `to` is looked for in `from`. */
export interface Comparison {
  readonly from: Side;
  readonly to: Side;
  readonly fromOrder: IdentityOrder;
  readonly toOrder: IdentityOrder;
}

/** The credentials that match the identity of the atom and that `from` may not allow the access. Empty: it does for all. */
export function uncoveredCells(comparison: Comparison, atom: AccessAtom): readonly UncoveredCell[] {
  const { identity } = atom;
  const whole = regionOf(identity);
  const held = anonymousOf(comparison.from.policy.services.get(atom.service.name), atom.scope);
  const direct = comparison.toOrder.sameIn(comparison.fromOrder, identity);
  if (direct !== undefined) return coveredBy(atom, direct, whole, held) ? [] : [ungranted(whole, direct)];
  return splitRegion(whole).flatMap((region) => cellsOfRegion(comparison, atom, region, held));
}

/** Walks the identities of `from` that can match a credential of the region, until one matches all of the rest. */
function cellsOfRegion(
  { fromOrder, toOrder, to, from }: Comparison,
  atom: AccessAtom,
  region: Region,
  held: HeldTemplates,
): readonly UncoveredCell[] {
  const earlier = toOrder.earlierThan(atom.identity, atom.class, region);
  // Credentials that an earlier identity of the same configuration matches do not reach this one.
  const isTaken = (part: Region): boolean => earlier.some((each) => isWithinRegion(part, regionOf(each)));
  if (isTaken(region)) return [];
  const cells: UncoveredCell[] = [];
  const issuer = issuerUrlOf(to, atom.identity);
  const name = from.issuerAt(issuer ?? '')?.name ?? atom.identity.issuer;
  for (const other of fromOrder.candidates(name, atom.class, region)) {
    const common = intersect(region, regionOf(other));
    if (common === undefined) continue;
    if (!coveredBy(atom, other, common, held) && !isTaken(common)) cells.push(ungranted(common, other));
    if (isWithinRegion(region, regionOf(other))) return cells;
  }
  return [
    ...cells,
    { region, why: 'no identity of the other configuration matches all of these credentials' },
  ];
}

/** Whether an identity of the other configuration grants what the atom grants, to the credentials of the region. */
export function coveredBy(
  { service, scope, template, identity }: AccessAtom,
  other: CompiledIdentity,
  region: Region,
  anonymous: HeldTemplates,
): boolean {
  const templates = other.grants
    .filter((grant) => grant.service === service.name && grant.scopes.includes(scope))
    .flatMap(({ resources }) => resources);
  const held = {
    templates: isEverything(template) ? templates : [...templates, ...anonymous.templates],
    pathClaims: other.pathClaims,
  };
  return isCovered(template, identity.pathClaims, held, region, service.type);
}

export function ungranted(region: Region, { name }: CompiledIdentity): UncoveredCell {
  return { region, why: `identity "${name}" of the other configuration does not grant it` };
}

/** What a service allows without a credential. */
export function anonymousOf(service: CompiledService | undefined, scope: string): HeldTemplates {
  const grants = service?.anonymous.filter(({ scopes }) => scopes.includes(scope)) ?? [];
  return { templates: grants.flatMap(({ resources }) => resources), pathClaims: [] };
}

/** The `iss` of the identity's tokens; undefined for deploy tokens of the configuration. */
export function issuerUrlOf({ settings }: Side, { issuer }: CompiledIdentity): string | undefined {
  if (issuer === DEPLOY_TOKENS) return undefined;
  return settings.issuers.find(({ name }) => name === issuer)?.issuer;
}
