import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import type { Deny } from '../../core/decision.ts';
import type {
  AdmitRequest,
  ExhaustedLimit,
  HeldPlaces,
  LimitedRequest,
  RequestLimits,
} from '../../core/identity-limits.ts';
import { networkOf } from '../../util/http/client-network.ts';
import type { KeyTable } from './key-table.ts';
import type { ReachedLimit, LimitedKey } from './limited-key.ts';

interface Named {
  readonly name: string;
  readonly limits?: RequestLimits | undefined;
}

/** The limits of a configuration. */
export interface IdentityLimitSettings {
  readonly identities: readonly Named[];
  readonly deployTokens: readonly Named[];
  /** Limits of each identity at the service. */
  readonly services: readonly Named[];
}

/** The counts, which outlive a configuration. */
export interface LimitTables {
  /** Keys of identities: replicas share them. */
  readonly identities: KeyTable;
  /** Keys of client networks: they apply per replica. */
  readonly clients: KeyTable;
}

interface AppliedLimits {
  readonly key: LimitedKey;
  readonly limits: RequestLimits;
  readonly of: 'identity' | 'service' | 'client';
}

export type CountRefusal = (service: string, limit: ExhaustedLimit) => void;

/** Undefined if the configuration has no limits. */
export function compileAdmitRequest(
  { identities, deployTokens, services }: IdentityLimitSettings,
  tables: LimitTables,
  ports: { readonly now: () => number; readonly refused: CountRefusal },
): AdmitRequest | undefined {
  const byIdentity = limitsByName([
    ...identities,
    ...deployTokens.map(({ name, limits }) => ({ name: deployTokenIdentity(name), limits })),
  ]);
  const byService = limitsByName(services);
  if (byIdentity.size === 0 && byService.size === 0) return undefined;

  function appliedTo({ service, caller, clientAddress }: LimitedRequest, now: number): AppliedLimits[] {
    const applied: AppliedLimits[] = [];
    const ofIdentity = caller && byIdentity.get(caller.identity);
    if (ofIdentity !== undefined) {
      const key = tables.identities.get(`identity ${caller?.identity}`, now);
      applied.push({ key, limits: ofIdentity, of: 'identity' });
    }
    const ofService = byService.get(service);
    if (ofService !== undefined) {
      applied.push(
        caller === undefined
          ? {
              key: tables.clients.get(`${service} ${networkOf(clientAddress)}`, now),
              limits: ofService,
              of: 'client',
            }
          : {
              key: tables.identities.get(`service ${service} ${caller.identity}`, now),
              limits: ofService,
              of: 'service',
            },
      );
    }
    return applied;
  }

  return function admitRequest(request) {
    const now = ports.now();
    const applied = appliedTo(request, now);
    if (applied.length === 0) return undefined;
    let refusing: (AppliedLimits & { readonly exhausted: ReachedLimit }) | undefined;
    for (const each of applied) {
      const exhausted = each.key.exhausted(each.limits, now);
      if (exhausted !== undefined) refusing ??= { ...each, exhausted };
    }
    if (refusing !== undefined) {
      ports.refused(request.service, refusing.exhausted.limit);
      return refusalOf(request, refusing);
    }
    for (const { key, limits } of applied) key.take(limits, request.forwarded);
    return request.forwarded ? heldPlaces(applied.map(({ key }) => key)) : undefined;
  };
}

function limitsByName(entries: readonly Named[]): ReadonlyMap<string, RequestLimits> {
  return new Map(
    entries.flatMap(({ name, limits }) =>
      limits?.requestsPerSecond === undefined && limits?.concurrent === undefined ? [] : [[name, limits]],
    ),
  );
}

function heldPlaces(keys: readonly LimitedKey[]): HeldPlaces {
  let held = true;
  return {
    kind: 'held',
    release() {
      if (held) for (const key of keys) key.release();
      held = false;
    },
  };
}

function refusalOf(
  { service, caller }: LimitedRequest,
  { limits, of, exhausted: { limit, wait } }: AppliedLimits & { readonly exhausted: ReachedLimit },
): Deny {
  const retryAfter = Math.max(1, Math.ceil(wait / 1_000));
  const amount =
    limit === 'concurrent' ? `${limits.concurrent} at a time` : `${limits.requestsPerSecond} per second`;
  const subject = {
    identity: 'your identity',
    service: 'your identity at this service',
    client: 'anonymous clients of your network',
  };
  return {
    kind: 'deny',
    reason: 'identity_limited',
    detail:
      of === 'identity'
        ? `identities.${caller?.identity}.limits.${limit}: ${amount}`
        : `services.${service}.limits.${limit}: ${amount}`,
    message: `The limit of requests for ${subject[of]} is ${amount}. Send fewer requests, and repeat this one after the time in Retry-After.`,
    retryAfter,
    caller,
  };
}
