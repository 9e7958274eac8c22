import { DEFAULT_TOKEN_LIFETIME } from '../../core/credentials/minted-token.ts';
import type { Draft, DraftGrant, DraftIdentity } from '../model/draft.ts';
import { liftedGuards } from '../model/guarded-match.ts';
import { conditionsOn } from '../model/match-parts.ts';
import { indexByName } from '../model/index-by-name.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { problemAt, type Problem } from '../problems/problem.ts';
import { keysAt, markAt, type SourceNode } from '../load/source-tree.ts';
import type { SearchBudget } from '../../util/text/glob-language.ts';
import { missingConditions } from './bounded-match.ts';
import { grantExcess, oneOf, type GrantExcess, type GrantHolder } from './grant-excess.ts';
import type { MergedFile } from './merge-delegated.ts';

type Delegation = Draft['delegations'][number];

/** A delegated file with the merged configuration that contains it. */
export interface DelegatedContext {
  readonly root: SourceNode;
  readonly draft: Draft;
  readonly files: readonly MergedFile[];
}

/** The errors of one delegated file: what exceeds its delegation. */
export function checkDelegated(
  context: DelegatedContext,
  { file, delegation, root: own }: MergedFile,
): Problem[] {
  const bounds = context.draft.delegations[delegation];
  if (bounds === undefined) return [];
  const names = { identities: keysAt(own, ['identities']), roles: keysAt(own, ['roles']) };
  const problems: Problem[] = [];
  const check = new DelegatedFileCheck(context, bounds, new Set(names.roles), (path, message, place) => {
    const mark = markAt(context.root, path, place);
    problems.push(problemAt({ ...mark, file }, path, message, { rule: 'delegations' }));
  });
  const isOwn = new Set(names.identities);
  const identities = context.draft.identities.filter(({ name }) => isOwn.has(name));
  for (const identity of identities) check.identity(identity);
  const used = new Set(identities.flatMap(({ roles }) => roles));
  for (const role of names.roles) check.role(role, used.has(role));
  return problems;
}

/** About a second: a reload waits for the comparison. A thousand usual patterns need three million. */
const MAX_STEPS = 20_000_000;

type Refuse = (path: KeyPath, message: string, place?: 'key') => void;

class DelegatedFileCheck {
  readonly #context: DelegatedContext;
  readonly #bounds: Delegation;
  readonly #ownRoles: ReadonlySet<string>;
  readonly #refuse: Refuse;
  readonly #budget: SearchBudget = { steps: MAX_STEPS };

  constructor(context: DelegatedContext, bounds: Delegation, ownRoles: ReadonlySet<string>, refuse: Refuse) {
    this.#context = context;
    this.#bounds = bounds;
    this.#ownRoles = ownRoles;
    this.#refuse = refuse;
  }

  identity(identity: DraftIdentity): void {
    const { issuers, via, match, allowMutableNames, tokenLifetime } = this.#bounds;
    const path = ['identities', identity.name];
    this.#name(path, identity.name);
    if (!issuers.includes(identity.issuer))
      this.#refuse([...path, 'issuer'], `"${identity.issuer}" is not delegated; write ${oneOf(issuers)}`);
    for (const [index, each] of identity.via.entries())
      if (!via.includes(each))
        this.#refuse([...path, 'via', index], `"${each}" is not delegated; write ${oneOf(via)}`);
    for (const claim of missingConditions(identity.match, match)) {
      const message = `must contain the condition of the delegation on "${claim}", equal or narrower: ${JSON.stringify(match[claim])}`;
      this.#refuse([...path, 'match'], message, 'key');
    }
    if (identity.allowMutableNames && !allowMutableNames)
      this.#refuse(
        [...path, 'allowMutableNames'],
        'the delegation does not allow mutable names; bind an immutable id and remove the key',
      );
    if ((identity.tokenLifetime ?? DEFAULT_TOKEN_LIFETIME) > tokenLifetime)
      this.#refuse(
        [...path, 'tokenLifetime'],
        `is longer than the delegation allows (default ${DEFAULT_TOKEN_LIFETIME / 1000}s); write at most ${tokenLifetime / 1000}s`,
      );
    this.#guard(identity);
    this.#grants(identity.grants, [...path, 'grants'], identity);
    for (const [index, role] of identity.roles.entries())
      this.#heldRole(role, [...path, 'roles', index], identity);
  }

  /** The guard of the issuer type is a bound too: the delegation can lift it, a delegated identity cannot. */
  #guard({ name, issuer, match }: DraftIdentity): void {
    const type = indexByName(this.#context.draft.issuers).get(issuer)?.type;
    if (type === undefined) return;
    const allowed = liftedGuards(this.#bounds.match, type);
    for (const guard of liftedGuards(match, type)) {
      if (allowed.includes(guard)) continue;
      const message = `replaces the default check of ${guard.claim}, which the delegation does not; remove the condition, or add one to the match of the delegation`;
      const [condition] = conditionsOn(match, guard.claim);
      this.#refuse(['identities', name, 'match', condition?.name ?? guard.claim], message);
    }
  }

  /** A role that no identity uses is compared for every credential of the delegation. */
  role(role: string, isUsed: boolean): void {
    this.#name(['roles', role], role);
    if (isUsed) return;
    const { issuers, match } = this.#bounds;
    for (const issuer of issuers) this.#grants(this.#grantsOf(role), ['roles', role], { issuer, match });
  }

  #name(path: KeyPath, name: string): void {
    const { namePrefix = '' } = this.#bounds;
    if (!name.startsWith(namePrefix))
      this.#refuse(path, `must start with "${namePrefix}", as the delegation requires; rename it`, 'key');
  }

  #heldRole(role: string, path: KeyPath, identity: DraftIdentity): void {
    const grants = this.#grantsOf(role);
    if (this.#ownRoles.has(role)) return this.#grants(grants, ['roles', role], identity);
    const other = this.#context.files.find(({ root }) => keysAt(root, ['roles']).includes(role));
    if (other !== undefined)
      return this.#refuse(
        path,
        `role "${role}" is visible in ${other.file} only; define a role in this file`,
      );
    const { roles } = this.#bounds;
    // An upstream that reads the names of roles can grant rights that the grants of the role do not show.
    if (!roles.includes(role)) {
      const usable = roles.length === 0 ? '' : `write ${oneOf(roles)}, or `;
      return this.#refuse(path, `role "${role}" is not delegated; ${usable}define a role in this file`);
    }
    if (grants.some((grant) => this.#excess(grant, identity) !== undefined))
      this.#refuse(path, `role "${role}" grants more than the delegation; define a role in this file`);
  }

  #grants(grants: readonly DraftGrant[], path: KeyPath, identity: GrantHolder): void {
    for (const [index, grant] of grants.entries()) {
      const excess = this.#excess(grant, identity);
      if (excess !== undefined) this.#refuse([...path, index, ...excess.below], excess.message);
    }
  }

  #excess(grant: DraftGrant, caller: GrantHolder): GrantExcess | undefined {
    return grantExcess(grant, caller, {
      draft: this.#context.draft,
      delegated: this.#bounds.grants,
      budget: this.#budget,
    });
  }

  #grantsOf(role: string): readonly DraftGrant[] {
    const { roles } = this.#context.draft;
    return Object.hasOwn(roles, role) ? (roles[role] ?? []) : [];
  }
}
