import type { VerifiedCredential } from '../../../core/credentials/credential.ts';
import { DEPLOY_TOKENS, startOfDay } from '../../../core/credentials/deploy-token.ts';
import type { CompiledIdentity } from '../../compile/identity.ts';
import { allowlistCells, type WidenedTarget } from './allowlist.ts';
import {
  anonymousOf,
  coveredBy,
  issuerUrlOf,
  ungranted,
  uncoveredCells,
  type AccessAtom,
  type Comparison,
  type UncoveredCell,
} from './cells.ts';
import { intersect, isWithinRegion, regionOf } from './region.ts';
import { trustOf } from './side.ts';
import { isCovered } from './templates.ts';

/** Values of a comparison that are computed once. */
export interface ComparisonContext extends Comparison {
  readonly widened: readonly WidenedTarget[];
  /** By identity: audiences at which a token request can name it. */
  readonly fromRequested: ReadonlyMap<string, ReadonlySet<string>>;
  readonly toRequested: ReadonlyMap<string, ReadonlySet<string>>;
  readonly fromIdentities: ReadonlyMap<string, CompiledIdentity>;
}

/** All credentials with which the access of an atom may be new; a superset. */
export function accessCells(context: ComparisonContext, atom: AccessAtom): readonly UncoveredCell[] {
  const { from } = context;
  const { identity, service, scope, template } = atom;
  const before = from.policy.services.get(service.name);
  const region = regionOf(identity);
  if (before === undefined)
    return [{ region, why: `the other configuration has no service "${service.name}"` }];
  if (before.type !== service.type)
    return [
      { region, why: `service "${service.name}" has the type ${before.type} in the other configuration` },
    ];
  const held = anonymousOf(before, scope);
  if (isCovered(template, identity.pathClaims, held, region, service.type)) return [];
  const trust = trustCells(context, atom);
  // Without this trust, the other configuration refuses all of the credentials.
  if (trust.some(({ audience, on }) => audience === undefined && on === undefined)) return trust;
  if (before.mode === 'shadow') return trust;
  if (identity.issuer === DEPLOY_TOKENS) return [...trust, ...uncoveredCells(context, atom)];
  const matched = identity.onRequest ? [] : uncoveredCells(context, atom);
  const cells = [...matched, ...(matched.length === 0 ? namedCells(context, atom) : [])];
  if (cells.length > 0 || !isBound(context, atom)) return [...trust, ...cells];
  return [...trust, ...allowlistCells(atom, context.widened)];
}

/** Issuers, audiences, secrets and expiries. */
function trustCells(
  { from, to }: Comparison,
  { identity, service, class: kind }: AccessAtom,
): readonly UncoveredCell[] {
  const region = regionOf(identity);
  if (identity.issuer === DEPLOY_TOKENS) {
    const [now, before] = [to, from].map(({ settings }) =>
      settings.deployTokens.find(({ name }) => `deploy-token:${name}` === identity.name),
    );
    if (before === undefined) return [{ region, why: 'the other configuration has no such deploy token' }];
    if (now?.secretHash !== before.secretHash)
      return [{ region, why: 'the other configuration has another secret' }];
    const isLonger =
      before.expires !== undefined &&
      (now.expires === undefined || startOfDay(now.expires) > startOfDay(before.expires));
    return isLonger
      ? [
          {
            region,
            why: `the token expires on ${before.expires} in the other configuration`,
            on: before.expires,
          },
        ]
      : [];
  }
  const url = issuerUrlOf(to, identity);
  const issuer = from.issuerAt(url ?? '');
  const before = trustOf(from.settings, issuer, service.name, kind);
  if (before.kind === 'refused') return [{ region, why: before.why }];
  const now = trustOf(to.settings, to.issuerAt(url ?? ''), service.name, kind);
  if (now.kind === 'refused') return [];
  const added = [...(now.audiences ?? [])].filter((each) => before.audiences?.has(each) === false);
  return added.map((audience) => ({
    region,
    why: `the other configuration does not accept audience "${audience}"`,
    audience,
  }));
}

/** Tokens that name the identity: those of workload identities, and those issued before the change. */
function namedCells(context: ComparisonContext, atom: AccessAtom): readonly UncoveredCell[] {
  const { identity } = atom;
  const region = regionOf(identity);
  const now = context.toRequested.get(identity.name);
  const before = context.fromRequested.get(identity.name);
  const held = anonymousOf(context.from.policy.services.get(atom.service.name), atom.scope);
  const other = sameNamed(context, atom);
  const requestedIdentity = identity.name;
  if (identity.onRequest || now !== undefined) {
    const isKept =
      other !== undefined &&
      before !== undefined &&
      [...(now ?? [])].every((audience) => before.has(audience)) &&
      isWithinRegion(region, regionOf(other));
    if (!isKept) {
      const [cell] = uncoveredCells(context, atom);
      return cell === undefined && identity.onRequest
        ? []
        : [{ region, why: `token requests that name identity "${identity.name}"`, requestedIdentity }];
    }
    return coveredBy(atom, other, region, held) ? [] : [{ ...ungranted(region, other), requestedIdentity }];
  }
  const common = other && intersect(region, regionOf(other));
  if (other === undefined || common === undefined || coveredBy(atom, other, common, held)) return [];
  const why = `tokens that the other configuration issued to "${identity.name}"`;
  return [{ region: common, why, requestedIdentity }];
}

/** The identity with the name, the issuer and the class of the atom in the other configuration. */
function sameNamed(
  { from, to, fromIdentities }: ComparisonContext,
  { identity, class: kind }: AccessAtom,
): CompiledIdentity | undefined {
  const other = fromIdentities.get(identity.name);
  const issuer = from.issuerAt(issuerUrlOf(to, identity) ?? '');
  return other !== undefined && other.issuer === issuer?.name && other.via.includes(kind) ? other : undefined;
}

/** Whether the job token allowlist applies. */
function isBound({ to }: Comparison, { class: kind, service }: AccessAtom): boolean {
  const credential = { class: kind, claims: {} } as VerifiedCredential;
  return to.policy.allowlist.evaluate(service.type, credential) !== undefined;
}
