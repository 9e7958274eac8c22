import { scalarClaim } from '../../core/credentials/claims.ts';
import type { MintedFrom, MintedTokenId, VerifiedCredential } from '../../core/credentials/credential.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import type { Revocation, RevocationTarget } from '../../core/credentials/revocation.ts';

interface Entry {
  readonly revocation: Revocation;
  /** Milliseconds since the epoch. */
  readonly ends: number;
}

/** Several entries may have the same target and different ends. */
type Entries = Map<string, Entry[]>;

/** Revocations by target. Adding, removing and finding an entry take constant time. */
export class RevocationIndex {
  readonly #byId = new Map<string, Entry>();
  readonly #byTarget: Readonly<Record<Exclude<RevocationTarget, 'jti'>, Entries>> = {
    tokenHash: new Map(),
    deployToken: new Map(),
    identity: new Map(),
    project: new Map(),
    issuer: new Map(),
  };
  /** By issuer, then by jti, so that a lookup builds no combined key. */
  readonly #byJti = new Map<string, Entries>();
  #additions = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Number of additions: a credential without a matching entry stays unrevoked until the next addition. */
  get additions(): number {
    return this.#additions;
  }

  ids(): IterableIterator<string> {
    return this.#byId.keys();
  }

  get(id: string): Revocation | undefined {
    return this.#byId.get(id)?.revocation;
  }

  /** False if the entry exists already. */
  put(revocation: Revocation): boolean {
    const { id } = revocation;
    if (this.#byId.has(id)) return false;
    const entry = { revocation, ends: endOf(revocation) };
    const [entries, key] = this.#placeOf(revocation);
    const others = entries.get(key);
    if (others === undefined) entries.set(key, [entry]);
    else others.push(entry);
    this.#byId.set(id, entry);
    this.#additions += 1;
    return true;
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    const [entries, key] = this.#placeOf(entry.revocation);
    const left = (entries.get(key) ?? []).filter((other) => other !== entry);
    if (left.length > 0) entries.set(key, left);
    else entries.delete(key);
  }

  /** The entries in the order of their addition. */
  inForce(now: number): Revocation[] {
    return [...this.#byId.values()].filter(({ ends }) => ends > now).map(({ revocation }) => revocation);
  }

  /** An effective entry that matches this credential or its source. */
  find(credential: VerifiedCredential, identity: string | undefined, now: number): Revocation | undefined {
    const { issuer, subject, minted } = credential;
    const by = this.#byTarget;
    return (
      this.#findToken(issuer, credential, now) ??
      (minted && this.#findToken(issuer, minted.source, now)) ??
      (minted && this.#findParent(issuer, minted, now)) ??
      findIn(by.issuer, issuer, now) ??
      findIn(by.identity, identity, now) ??
      (issuer === DEPLOY_TOKENS ? findIn(by.deployToken, subject, now) : undefined) ??
      this.#findProject(credential, now)
    );
  }

  #findParent(issuer: string, { parents }: MintedFrom, now: number): Revocation | undefined {
    for (const parent of parents) {
      const found = this.#findToken(issuer, parent, now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findToken(
    issuer: string,
    token: VerifiedCredential | MintedFrom['source'] | MintedTokenId,
    now: number,
  ): Revocation | undefined {
    const { tokenHash } = this.#byTarget;
    return (
      findIn(this.#byJti.get(issuer), token.jti, now) ??
      findIn(tokenHash, token.tokenHash, now) ??
      findIn(tokenHash, token.sentHash, now)
    );
  }

  #findProject({ claims }: VerifiedCredential, now: number): Revocation | undefined {
    const { project } = this.#byTarget;
    if (project.size === 0) return undefined;
    for (const name of ['project_path', 'repository']) {
      const found = findIn(project, scalarClaim(claims, name)?.toLowerCase(), now);
      if (found !== undefined) return found;
    }
    for (const name of ['project_id', 'repository_id']) {
      const id = scalarClaim(claims, name);
      const found = id === undefined ? undefined : findIn(project, `id:${id}`, now);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #placeOf({ target, value, issuer = '' }: Revocation): readonly [Entries, string] {
    if (target === 'project') return [this.#byTarget.project, value.toLowerCase()];
    // An entry of a later version has a target that this version does not support.
    if (target !== 'jti' && !Object.hasOwn(this.#byTarget, target)) return [new Map(), value];
    if (target !== 'jti') return [this.#byTarget[target], value];
    const known = this.#byJti.get(issuer);
    if (known !== undefined) return [known, value];
    const added: Entries = new Map();
    this.#byJti.set(issuer, added);
    return [added, value];
  }
}

function findIn(entries: Entries | undefined, key: string | undefined, now: number): Revocation | undefined {
  if (entries === undefined || entries.size === 0 || key === undefined) return undefined;
  return entries.get(key)?.find(({ ends }) => ends > now)?.revocation;
}

/** Milliseconds by which the clocks of replicas may differ from each other and from the clock of the store. */
export const CLOCK_MARGIN = 5 * 60_000;

/** Milliseconds since the epoch; an invalid time never expires. */
export function endOf({ expires }: Revocation): number {
  const end = expires === undefined ? Infinity : Date.parse(expires);
  return Number.isNaN(end) ? Infinity : end;
}
