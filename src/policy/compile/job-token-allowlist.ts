import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import { compileGlob } from '../../util/text/glob.ts';

/** By target project: the projects whose job tokens may access it, as paths, `id:NN` or globs. */
export type AllowlistSettings = Readonly<Record<string, readonly string[]>>;

/** Result of an allowlist check. */
export type AllowlistVerdict =
  /** `entry`: the entry that includes the caller. Undefined if the resource belongs to the caller's own project. */
  | { readonly kind: 'open'; readonly entry?: { readonly target: string; readonly index: number } }
  /**
   * `target`: the project whose list does not include the caller. Undefined if no configured project has the
   * resource.
   */
  | { readonly kind: 'refused'; readonly target: string | undefined };

/**
 * GitLab's job token allowlist: a job token can access its own project, and other projects only if they list
 * its project. The allowlist narrows the grants of the policy and never extends them. It applies only to
 * resources of projects.
 */
export interface JobTokenAllowlist {
  /** Returns the check for a credential on a service. Undefined if the allowlist does not apply to them. */
  evaluate(
    serviceType: string,
    credential: VerifiedCredential,
  ): ((resource: string) => AllowlistVerdict) | undefined;
}

/** Service types whose resources are projects or parts of projects. */
const BOUND_TYPES: ReadonlySet<string> = new Set(['oci', 'git', 'gitlab']);

const OPEN: AllowlistVerdict = { kind: 'open' };

export function compileAllowlist(settings: AllowlistSettings): JobTokenAllowlist {
  // The longest matching project decides, so the targets are sorted by length.
  const targets = Object.entries(settings)
    .map(([target, sources]) => ({
      target,
      folded: foldPath(target),
      sources: sources.map((source, index) => ({
        includes: compileSource(source),
        verdict: { kind: 'open', entry: { target, index } } as const,
      })),
    }))
    .toSorted((a, b) => b.folded.length - a.folded.length);

  return {
    evaluate(serviceType, { class: presented, minted, claims }) {
      const kind = minted?.source.class ?? presented;
      if (kind !== 'job_token' || !BOUND_TYPES.has(serviceType)) return undefined;
      const names = projectNames(claims);
      return (resource) => {
        const folded = foldPath(resource);
        if (names.some((name) => isWithinProject(folded, name))) return OPEN;
        const list = targets.find((target) => isWithinProject(folded, target.folded));
        const listed = list?.sources.find(({ includes }) => names.some(includes));
        return listed?.verdict ?? { kind: 'refused', target: list?.target };
      };
    },
  };
}

/** A project has two names: its path and `id:NN`. Paths are compared without case. */
function projectNames(claims: Claims): readonly string[] {
  const path = scalarClaim(claims, 'project_path');
  const id = scalarClaim(claims, 'project_id');
  return [...(path === undefined ? [] : [foldPath(path)]), ...(id === undefined ? [] : [`id:${id}`])];
}

export function isWithinProject(resource: string, project: string): boolean {
  return resource === project || resource.startsWith(`${project}/`);
}

/** An `id:NN` entry matches exactly; a glob matches paths only. */
function compileSource(source: string): (name: string) => boolean {
  if (source.startsWith('id:')) return (name) => name === source;
  const glob = compileGlob(foldPath(source), { matchBase: false });
  return (name) => !name.startsWith('id:') && glob.test(name);
}

/**
 * GitLab paths are unique without regard to case, and image names are lowercase. ASCII only: see
 * `lowerAscii`.
 */
export function foldPath(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
