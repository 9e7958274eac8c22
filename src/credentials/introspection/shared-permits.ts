import type { Unable } from '../../core/decision.ts';
import type { Clock } from '../../core/ports.ts';
import { FairQueue } from '../../util/limits/fair-queue.ts';
import { reuse, type ReusableResources } from '../../util/resources/reuse.ts';
import type { IssuerSettings } from '../settings.ts';
import { createBackoff, type Backoff } from './backoff.ts';
import { IntrospectionUnits, type Permit } from './units.ts';

/**
 * State of the permits for one credential class at one GitLab. Its issuers share it, and a reload keeps it, because
 * GitLab counts requests and failures by the address of the gateway.
 */
export interface SharedPermits {
  readonly units: IntrospectionUnits;
  readonly backoff: Backoff;
  readonly queues: Readonly<Record<Permit['kind'], FairQueue<Permit | Unable>>>;
}

function createSharedPermits(clock: Clock): SharedPermits {
  return {
    units: new IntrospectionUnits(clock),
    backoff: createBackoff(clock),
    queues: { first: new FairQueue(), renewal: new FairQueue() },
  };
}

/** By credential class and GitLab. */
export type PermitsByGitlab = ReusableResources<undefined, SharedPermits>;

type IntrospectedClass = 'job_token' | 'deploy_token';
type GitlabAddress = Pick<IssuerSettings, 'issuer' | 'apiUrl'>;

/** The permits of all issuers that introspect credentials. */
export function createPermitsByGitlab(
  issuers: readonly Pick<IssuerSettings, 'issuer' | 'apiUrl' | 'jobTokens' | 'deployTokens'>[],
  clock: Clock,
  previous?: PermitsByGitlab,
): PermitsByGitlab {
  const keys = issuers.flatMap((issuer) => [
    ...(issuer.jobTokens === undefined ? [] : [permitsKey('job_token', issuer)]),
    ...(issuer.deployTokens === undefined ? [] : [permitsKey('deploy_token', issuer)]),
  ]);
  return reuse(
    previous,
    keys.map((key) => [key, undefined]),
    () => createSharedPermits(clock),
  );
}

export function permitsFor(
  permits: PermitsByGitlab,
  credentialClass: IntrospectedClass,
  issuer: GitlabAddress,
): SharedPermits {
  const shared = permits.get(permitsKey(credentialClass, issuer));
  if (shared === undefined) throw new Error(`no permits for ${permitsKey(credentialClass, issuer)}`);
  return shared.made;
}

/** GitLab counts by client address, for all URLs of one host. */
function permitsKey(credentialClass: IntrospectedClass, { issuer, apiUrl = issuer }: GitlabAddress): string {
  return `${credentialClass} ${new URL(apiUrl).origin}`;
}
