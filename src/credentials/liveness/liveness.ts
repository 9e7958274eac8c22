import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { RefuseEnded } from '../../core/credentials/liveness.ts';
import type { Refusal } from '../../core/decision.ts';
import { LIVENESS, isLivenessType, type LivenessType } from '../../core/issuers/liveness.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import { reuse, type ReusableResources } from '../../util/resources/reuse.ts';
import type { IssuerSettings, LivenessSettings } from '../settings.ts';
import type { ApiPorts } from './api-client.ts';
import { GITHUB_JOBS } from './github-jobs.ts';
import { GITLAB_JOBS } from './gitlab-jobs.ts';
import { createJobChecks, type JobChecks } from './job-checks.ts';
import { KUBERNETES_PODS } from './kubernetes-pods.ts';
import type { LivenessSource } from './question.ts';

/** The settings that the checks of one issuer depend on. */
interface CheckedIssuer extends Pick<IssuerSettings, 'name' | 'issuer' | 'apiUrl' | 'caFile'> {
  readonly type: LivenessType;
  readonly liveness: LivenessSettings;
}

/** By issuer name. A reload reuses the checks of an unchanged issuer, with their results and limits. */
export type LivenessChecks = ReusableResources<CheckedIssuer, JobChecks>;

const SOURCES: Readonly<Record<LivenessType, LivenessSource>> = {
  gitlab: GITLAB_JOBS,
  github: GITHUB_JOBS,
  kubernetes: KUBERNETES_PODS,
};

/** Creates the checks of each issuer with `liveness`. */
export function createLivenessChecks(
  issuers: readonly IssuerSettings[],
  ports: ApiPorts & { readonly meter: Pick<VerificationMeter, 'jobChecked'> },
  previous?: LivenessChecks,
): LivenessChecks {
  const checked = issuers.flatMap(({ name, type, issuer, apiUrl, caFile, liveness }) =>
    liveness === undefined || !isLivenessType(type)
      ? []
      : [[name, { name, type, issuer, apiUrl, caFile, liveness }] as const],
  );
  return reuse(previous, checked, (issuer) => createChecksOf(issuer, ports));
}

function createChecksOf(
  { name, type, issuer, apiUrl, caFile, liveness }: CheckedIssuer,
  ports: Parameters<typeof createJobChecks>[2],
): JobChecks {
  const preset = LIVENESS[type];
  const url = liveness.apiUrl ?? apiUrl ?? preset.apiUrl(issuer);
  if (url === undefined) throw new TypeError(`issuers.${name}.liveness has no apiUrl`);
  const { perSecond = preset.limits.perSecond, burst = preset.limits.burst, queue } = liveness.limits;
  return createJobChecks(
    {
      name,
      apiUrl: url,
      tokenFile: liveness.tokenFile,
      caFile: liveness.caFile ?? caFile,
      cache: liveness.cache,
      limits: { perSecond, burst, queue },
    },
    SOURCES[type],
    ports,
  );
}

/** Undefined if no issuer has `liveness`. */
export function createRefuseEnded(checks: LivenessChecks): RefuseEnded | undefined {
  if (checks.size === 0) return undefined;
  return function refuseEnded(credential, token, caller) {
    const issuer = isFromJob(credential) ? checks.get(credential.issuer)?.made : undefined;
    const refusal = issuer?.check(credential, token);
    const withCaller = (result: Refusal | undefined): Refusal | undefined =>
      result?.kind === 'deny' ? { ...result, caller } : result;
    return refusal instanceof Promise ? refusal.then(withCaller) : withCaller(refusal);
  };
}

/**
 * ID tokens, and tokens that were minted from ID tokens or job tokens. A job token itself is introspected, and a deploy
 * token belongs to no job.
 */
function isFromJob({ class: kind, minted }: VerifiedCredential): boolean {
  const source = minted?.source.class ?? kind;
  return source === 'id_token' || (source === 'job_token' && minted !== undefined);
}
