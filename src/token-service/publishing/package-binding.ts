import type { MintedFrom, VerifiedCredential } from '../../core/credentials/credential.ts';
import type { BindPackage } from '../../core/credentials/package-binding.ts';
import { deny, type Caller, type Deny } from '../../core/decision.ts';
import type { Clock } from '../../core/ports.ts';
import { boundToPackage, PACKAGE_NOT_READABLE } from '../../core/refusal-messages.ts';
import type { Operation } from '../../core/request/operation.ts';
import type { Store } from '../../core/store.ts';
import { jsonTextUpTo } from '../../util/json/text.ts';
import { REPLICA_CLOCK_MARGIN } from '../issue-token.ts';
import { storeUnavailable } from '../store-unavailable.ts';
import { PUBLISH } from './issue-for-publishing.ts';

/** The store compares and sets in one step, so that one of several concurrent first pushes decides. */
export function createPackageBinding({
  store,
  clock,
}: {
  readonly store: Pick<Store, 'bind'>;
  readonly clock: Clock;
}): BindPackage {
  async function bind(token: string, name: string, until: number, caller: Caller | undefined) {
    const bound = await store.bind(token, name, until - clock.now() + REPLICA_CLOCK_MARGIN);
    const detail = `the publishing token ${token} is bound to ${jsonTextUpTo(200, bound)}`;
    return bound === name
      ? ({ kind: 'bound', detail } as const)
      : refused(detail, boundToPackage(bound), caller);
  }

  return function bindPackage(credential, operations, caller) {
    const { minted, expiresAt } = credential;
    if (minted?.publishing !== true || minted.limits.kind === 'resources') return undefined;
    const written = operations.filter(({ scope }) => scope === PUBLISH);
    if (written.length === 0) return undefined;
    const token = firstTokenOf(credential, minted);
    const name = onlyPackageOf(written);
    if (name === undefined) {
      const detail = `the request of the publishing token ${token} does not name one package`;
      return Promise.resolve(refused(detail, PACKAGE_NOT_READABLE, caller));
    }
    return bind(token, name, expiresAt, caller).catch(storeUnavailable);
  };
}

/** `jti` of the token that was issued for publishing; a token that was derived from it has the same binding. */
function firstTokenOf({ jti = '' }: VerifiedCredential, { parents }: MintedFrom): string {
  return parents[0]?.jti ?? jti;
}

/** The normalised name that policy authorized. Undefined if there are several, or if it is unknown. */
function onlyPackageOf(written: readonly Operation[]): string | undefined {
  const [first, ...others] = written;
  if (first?.extent !== 'one') return undefined;
  const same = others.every(({ extent, resource }) => extent === 'one' && resource === first.resource);
  return same ? first.resource : undefined;
}

function refused(detail: string, message: string, caller: Caller | undefined): Deny {
  return { ...deny('package_not_covered', detail, caller), message };
}
