import { scalarClaim } from '../../core/credentials/claims.ts';
import type { Claims, VerifiedCredential } from '../../core/credentials/credential.ts';
import { compileGlob } from '../../util/glob.ts';

/** Target project ← projects whose job tokens may reach it; paths, `id:NN`, or globs. */
export type AllowlistSettings = Readonly<Record<string, readonly string[]>>;

export type AllowlistVerdict =
  | { readonly kind: 'open' }
  /** `target` is the project whose list refused; undefined where no listed project holds the resource. */
  | { readonly kind: 'refused'; readonly target: string | undefined };

/**
 * What GitLab does between projects: a job token reaches its own project, and others only where they list it.
 * It narrows what policy grants, never widens it, and only where resources are projects.
 */
export interface JobTokenAllowlist {
  /** The judge of one service for one credential; undefined where the list does not bind them. */
  evaluate(
    serviceType: string,
    credential: VerifiedCredential,
  ): ((resource: string) => AllowlistVerdict) | undefined;
}

/** Types whose resources are projects, or lie below one. */
const BOUND_TYPES: ReadonlySet<string> = new Set(['oci', 'git', 'gitlab']);

const OPEN: AllowlistVerdict = { kind: 'open' };

export function compileAllowlist(settings: AllowlistSettings): JobTokenAllowlist {
  // The longest listed project decides, so it is looked at first.
  const targets = Object.entries(settings)
    .map(([target, sources]) => ({
      target,
      folded: foldPath(target),
      sources: sources.map(compileSource),
    }))
    .toSorted((a, b) => b.folded.length - a.folded.length);

  return {
    evaluate(serviceType, { class: presented, minted, claims }) {
      const kind = minted?.source.class ?? presented;
      if (kind !== 'job_token' || !BOUND_TYPES.has(serviceType)) return undefined;
      const names = projectNames(claims);
      return (resource) => {
        const folded = foldPath(resource);
        if (names.some((name) => isWithin(folded, name))) return OPEN;
        const list = targets.find((target) => isWithin(folded, target.folded));
        if (list?.sources.some((listed) => names.some(listed)) === true) return OPEN;
        return { kind: 'refused', target: list?.target };
      };
    },
  };
}

/** A project has two names: its path and `id:NN`. */
function projectNames(claims: Claims): readonly string[] {
  const path = scalarClaim(claims, 'project_path');
  const id = scalarClaim(claims, 'project_id');
  return [...(path === undefined ? [] : [foldPath(path)]), ...(id === undefined ? [] : [`id:${id}`])];
}

function isWithin(resource: string, project: string): boolean {
  return resource === project || resource.startsWith(`${project}/`);
}

/** A number is listed as it is; a pattern speaks of paths. */
function compileSource(source: string): (name: string) => boolean {
  if (source.startsWith('id:')) return (name) => name === source;
  const glob = compileGlob(foldPath(source), { matchBase: false });
  return (name) => !name.startsWith('id:') && glob.test(name);
}

/** GitLab's paths are unique whatever their case, and image names are lowercase. ASCII only: no letter becomes another. */
function foldPath(path: string): string {
  return path.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
