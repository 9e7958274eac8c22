import { scalarClaim } from '../../../core/credentials/claims.ts';
import type { VerifiedCredential } from '../../../core/credentials/credential.ts';
import type { Operation } from '../../../core/request/operation.ts';
import { findText, languageOf, type TextPattern } from '../../../util/text/glob-language.ts';
import { globTokens } from '../../../util/text/glob.ts';
import type { CompiledGrant } from '../../compile/grant.ts';
import type { ComparisonContext } from './access-cells.ts';
import type { AccessAtom, UncoveredCell } from './cells.ts';
import { isEverything } from './templates.ts';

/** Operations of the atom that the grants of the other configuration do not cover for this credential. */
export function* operationsFor(
  context: ComparisonContext,
  atom: AccessAtom,
  cell: UncoveredCell,
  credential: VerifiedCredential,
): Generator<Operation> {
  const { template, identity, scope } = atom;
  const expansion = template.expand(credential.claims, identity.pathClaims);
  if (expansion.kind === 'invalid') return;
  const whole = languageOf(expansion.tokens);
  // A name below the pattern first: `a/**` matches `a` too, which is often no complete name.
  const below: TextPattern = { ...whole, alternatives: whole.alternatives.slice(0, 1) };
  const held = cell.on === undefined ? heldBy(context, atom, credential) : [];
  const path = scalarClaim(credential.claims, 'project_path');
  const places = [cell.project, cell.project === undefined ? undefined : `${cell.project}/x`, path]
    .filter((place) => place !== undefined)
    .map((place) => languageOf(globTokens(`${place}/**`)));
  const names = atom.service.type === 'http' ? PATHS : NAMES;
  for (const place of [...places.map((each) => [each]), []]) {
    for (const excluded of cell.project === undefined ? [held] : [[], held]) {
      for (const [wanted, invalid] of [
        [below, names],
        [whole, []],
      ] as const) {
        const search = findText([wanted, ...place], [...excluded, ...invalid]);
        if (search.kind !== 'found' || search.text === '') continue;
        yield { scope, resource: search.text, extent: 'one' };
        break;
      }
    }
  }
  yield { scope, resource: '', extent: 'any' };
  if (isEverything(template)) yield { scope, resource: '', extent: 'every' };
}

/** Texts that are not the name of a resource in practice. */
const NAMES = ['**//**', '/**', '**/', '**:**'].map(exactly);
const PATHS = ['**//**', '**:**'].map(exactly);

function exactly(pattern: string): TextPattern {
  return { alternatives: [globTokens(pattern)], separators: '/' };
}

/** What the other configuration grants to the credential. */
function heldBy(
  { from, fromIdentities }: ComparisonContext,
  { service: { name }, scope }: AccessAtom,
  credential: VerifiedCredential,
): readonly TextPattern[] {
  const service = from.policy.services.get(name);
  if (service === undefined) return [];
  const issuer = from.issuerAt(credential.issuerUrl)?.name ?? credential.issuer;
  const caller = from.accepts(credential, name)
    ? from.authorizer.identify({ ...credential, issuer })
    : undefined;
  const identity =
    caller !== undefined && 'identity' in caller ? fromIdentities.get(caller.identity) : undefined;
  const grants = identity?.grants.filter((grant) => grant.service === name) ?? [];
  return [...service.anonymous, ...grants]
    .filter(({ scopes }) => scopes.includes(scope))
    .flatMap(({ resources }: CompiledGrant) => resources)
    .flatMap((each) => {
      const expansion = each.expand(credential.claims, identity?.pathClaims ?? []);
      return expansion.kind === 'pattern' ? [languageOf(expansion.tokens)] : [];
    });
}
