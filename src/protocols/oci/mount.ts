import { ACTION_SCOPES } from '../../core/credentials/registry-access.ts';
import type { Deny } from '../../core/decision.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Classification } from '../../core/request/protocol.ts';
import { isDigest, isRepository } from './names.ts';
import { malformed, registryOperations } from './routes.ts';

/**
 * Classifies the start of a blob upload, which may mount a blob from another repository (distribution specification,
 * "Mounting a blob"). A denied mount is forwarded as a plain upload, because containerd aborts the push on 403.
 */
export function classifyUpload(
  push: readonly Operation[],
  query: string,
  { prefix, foreignPrefixes, requestsToken }: MountRules,
): Classification {
  const mount = readMount(query);
  if (mount?.kind === 'deny') return mount;
  if (mount === undefined) {
    // `mount` without `from` lets the registry mount from any repository, which no grant covers.
    const plain = withoutMount(query);
    return registryOperations(push, plain === query ? undefined : { query: plain });
  }
  const plain = registryOperations(push, { query: withoutMount(query) });
  // The source is not a repository of this upstream.
  if (!mount.from.startsWith(prefix) || foreignPrefixes.some((foreign) => mount.from.startsWith(foreign)))
    return plain;
  const source = { scope: ACTION_SCOPES.pull, resource: mount.from, extent: 'one' } as const;
  const plan = { query: withSource(query, mount.from.slice(prefix.length)) };
  return { kind: 'operations', operations: [...push, source], plan, otherwise: plain, requestsToken };
}

export interface MountRules {
  /** Starts the repository names that clients use, and is removed for the upstream. */
  readonly prefix: string;
  /** Start the names of repositories of other upstreams on the same hosts. */
  readonly foreignPrefixes: readonly string[];
  /** Clients get tokens for the scopes of a challenge. */
  readonly requestsToken: boolean;
}

interface Mount {
  readonly kind: 'mount';
  readonly from: string;
}

/**
 * Reads the mount parameters of an upload; undefined if the upload requests no mount from a named repository.
 */
function readMount(query: string): Mount | Deny | undefined {
  // Registries built with Go before 1.17, such as distribution 2.7, also separate parameters at `;`.
  if (query.includes(';')) return malformed('";" in the query of an upload');
  const parameters = new URLSearchParams(query);
  const mounts = parameters.getAll('mount');
  const sources = parameters.getAll('from');
  if (mounts.length > 1 || sources.length > 1) return malformed('the parameter mount or from is repeated');
  const [mount, from] = [mounts[0], sources[0]];
  if (mount === undefined || from === undefined) return undefined;
  if (!isDigest(mount) || !isRepository(from))
    return malformed('mount is not a digest, or from is not a repository name');
  return { kind: 'mount', from };
}

/** Removes `mount`, `from` and `origin`; other parameters are unchanged. */
function withoutMount(query: string): string {
  const kept = query
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !MOUNT_PARAMETERS.has(decoded(part.split('=', 1)[0] ?? '')));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/** Replaces the source repository with its name at the upstream. */
function withSource(query: string, from: string): string {
  const parts = query
    .slice(1)
    .split('&')
    .map((part) =>
      decoded(part.split('=', 1)[0] ?? '') === 'from' ? `from=${encodeURIComponent(from)}` : part,
    );
  return `?${parts.join('&')}`;
}

const MOUNT_PARAMETERS: ReadonlySet<string> = new Set(['mount', 'from', 'origin']);

/** Decodes a parameter name as URLSearchParams does. */
function decoded(text: string): string {
  return new URLSearchParams(`${text}=`).keys().next().value ?? '';
}
