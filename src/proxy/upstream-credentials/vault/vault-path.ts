import { scalarClaim } from '../../../core/credentials/claims.ts';
import type { Caller } from '../../../core/decision.ts';
import { credentialFault, type CredentialFault } from '../request-credential.ts';

/** The path for a caller, or the reason for which the caller has none. */
export type VaultPath = (caller: Caller | undefined) => string | CredentialFault;

/** Text, placeholder, text, … text. */
const PLACEHOLDER = /\{(identity|claims\.[^{}]+)\}/;

/** The path of every caller; undefined if it depends on the caller. */
export function constantPath(template: string): string | undefined {
  return PLACEHOLDER.test(template) ? undefined : template;
}

/**
 * Compiles a path with `{identity}` and `{claims.NAME}`. A value is a part of one segment: a slash in it, or a segment
 * `.` or `..`, would lead to the secret of another caller. Cached per caller.
 */
export function compileVaultPath(template: string): VaultPath {
  const constant = constantPath(template);
  if (constant !== undefined) return () => constant;
  const parts = template.split(PLACEHOLDER);
  function expand(caller: Caller): string | CredentialFault {
    let path = '';
    for (const [index, part] of parts.entries()) {
      const value = index % 2 === 0 ? part : valueOf(part, caller);
      if (value === undefined) return missing(`the vault path ${template}: {${part}} has no usable value`);
      path += value;
    }
    return path.split('/').some(isDotSegment)
      ? missing(`the vault path ${template}: a value makes a dot segment`)
      : path;
  }

  const cache = new WeakMap<Caller, string | CredentialFault>();
  return (caller) => {
    if (caller === undefined)
      return credentialFault('no_credential', `the vault path ${template} needs the identity of a caller`);
    const path = cache.get(caller) ?? expand(caller);
    cache.set(caller, path);
    return path;
  };
}

function isDotSegment(segment: string): boolean {
  return segment === '.' || segment === '..';
}

/** Undefined for a value that is absent, empty or more than a part of a segment. */
function valueOf(placeholder: string, { identity, credential }: Caller): string | undefined {
  const value =
    placeholder === 'identity'
      ? identity
      : scalarClaim(credential.claims, placeholder.slice('claims.'.length));
  return value === undefined || !PART.test(value) || !value.isWellFormed() ? undefined : value;
}

/** Neither separators nor control characters. */
const PART = /^[^/\\\p{Cc}]{1,256}$/u;

function missing(detail: string): CredentialFault {
  return credentialFault('upstream_credential_missing', detail);
}
