import type { EgressResponse } from '../core/ports.ts';
import { vaultFault, type VaultFault, type VaultSecret } from '../core/vault.ts';
import { isRecord, parseJsonObject } from '../util/json/object.ts';

/** A token of the vault, as a login, a renewal or a lookup returned it. */
export interface GrantedVaultToken {
  readonly kind: 'granted';
  /** Undefined in the response of a lookup. */
  readonly token: string | undefined;
  /** Seconds; 0: the token does not expire. */
  readonly seconds: number;
  readonly renewable: boolean;
}

const MAX_TOKEN_LENGTH = 16 * 1024;
/** Seconds. Node.js and JSON numbers beyond it are not exact. */
const MAX_SECONDS = 10 * 365 * 86_400;

/** A login rejects bad JWTs and unknown roles with 400 or 403, by auth method. */
export function readLogin(response: EgressResponse, what: string): GrantedVaultToken | VaultFault {
  const { status } = response;
  if (status === 400 || status === 403 || status === 404)
    return vaultFault('unauthorized', `the vault rejected ${what} with ${status}`);
  const members = status === 200 ? membersOf(response) : undefined;
  const auth = members?.['auth'];
  if (!isRecord(auth)) return invalid(`the vault responded to ${what} with ${status} and no token`);
  const { client_token: token, lease_duration: seconds, renewable } = auth;
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH || !/^[\x21-\x7e]+$/.test(token))
    return invalid(`the vault responded to ${what} with no usable token`);
  if (!isDuration(seconds)) return invalid(`the vault responded to ${what} with no usable lease_duration`);
  return { kind: 'granted', token, seconds, renewable: renewable === true };
}

/** `auth/token/lookup-self`. */
export function readLookup(response: EgressResponse): GrantedVaultToken | VaultFault {
  const { status } = response;
  if (status === 403) return vaultFault('unauthorized', 'the vault rejected the token of tokenFile with 403');
  const data = status === 200 ? membersOf(response)?.['data'] : undefined;
  if (!isRecord(data) || !isDuration(data['ttl']))
    return invalid(`the vault responded to the lookup of the token with ${status} and no ttl`);
  return { kind: 'granted', token: undefined, seconds: data['ttl'], renewable: data['renewable'] === true };
}

/** `sys/leases/renew`: undefined when the lease was not renewed. */
export function readLeaseRenewal(
  response: EgressResponse,
): Pick<VaultSecret, 'seconds' | 'lease'> | undefined {
  const { lease_id: id, lease_duration: seconds, renewable } = membersOf(response) ?? {};
  if (response.status !== 200 || typeof id !== 'string' || !isDuration(seconds)) return undefined;
  return { seconds, lease: { id, renewable: renewable === true } };
}

/** A secret of any engine. `refresh`: seconds for which a secret without a lease is used. */
export function readSecret(
  response: EgressResponse,
  path: string,
  refresh: number,
): VaultSecret | VaultFault {
  const { status } = response;
  const members = membersOf(response);
  if (status === 403) return vaultFault('unauthorized', `the login at the vault may not read ${path} (403)`);
  if (status === 404) return vaultFault('absent', `${path} ${absence(members)}`);
  const fields = fieldsOf(members?.['data']);
  if (status !== 200 || members === undefined || fields === undefined)
    return invalid(`the vault responded to ${path} with ${status} and no secret`);
  const { lease_id: id, lease_duration: lease, renewable } = members;
  if (lease !== undefined && !isDuration(lease))
    return invalid(`the vault responded to ${path} with no usable lease_duration`);
  const duration = lease ?? 0;
  if (typeof id === 'string' && id !== '')
    return { kind: 'secret', fields, seconds: duration, lease: { id, renewable: renewable === true } };
  // Key/value version 1 reports a duration after which the value is to be read again.
  const seconds = duration > 0 ? Math.min(duration, refresh) : refresh;
  return { kind: 'secret', fields, seconds, lease: undefined };
}

/** Key/value version 2 wraps the fields in `data`, next to the `metadata` of the version. */
function fieldsOf(data: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(data)) return undefined;
  const { data: inner, metadata } = data;
  const versioned = isRecord(metadata) && typeof metadata['version'] === 'number';
  return versioned && isRecord(inner) ? inner : data;
}

/** The response has `metadata` for a deleted version, and `warnings` for a path without `data/`. */
function absence(members: Readonly<Record<string, unknown>> | undefined): string {
  const data = members?.['data'];
  if (isRecord(data) && isRecord(data['metadata'])) return 'is deleted';
  return Array.isArray(members?.['warnings'])
    ? 'does not exist; paths of a key/value engine of version 2 are MOUNT/data/NAME'
    : 'does not exist';
}

function membersOf({ body }: EgressResponse): Readonly<Record<string, unknown>> | undefined {
  const json = parseJsonObject(body);
  return json.kind === 'object' ? json.value : undefined;
}

function isDuration(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_SECONDS;
}

function invalid(detail: string): VaultFault {
  return vaultFault('invalid', detail);
}
