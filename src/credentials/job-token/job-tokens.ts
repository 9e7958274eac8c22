import { deny } from '../../core/decision.ts';
import type { Confirmation, IntrospectionRequest } from '../introspection/gitlab-introspection.ts';
import { reuse } from '../../util/resources/reuse.ts';
import { createIntrospectedTokens, introspectionIssuers } from '../introspection/introspected-tokens.ts';
import type { IntrospectedPorts, IntrospectedTokens } from '../introspection/introspected-tokens.ts';
import type { IntrospectionLimits } from '../introspection/permits.ts';
import { readJob } from './job-token-claims.ts';
import type { IssuerSettings, JobTokenChecks } from '../settings.ts';

/**
 * GitLab does not ban addresses for refused job tokens, but counts them as unauthenticated requests, and
 * GitLab.com serves one address 500 of those per minute (doc/user/gitlab_com/rate_limits).
 */
function limitsFrom({ burst, perSecond, queue }: JobTokenChecks['limits']): IntrospectionLimits {
  return {
    budget: {
      window: (burst / perSecond) * 1000,
      unproven: Math.floor(burst * 0.8),
      proven: burst,
      renewals: undefined,
      perAddress: 1,
      withinAddress: 16,
      unansweredCount: false,
      concurrent: 32,
    },
    renewals: { perSecond: 200, burst: 200 },
    queue,
    refusalLifetime: 10_000,
  };
}

/**
 * `GET /api/v4/job` returns the job of the token in `JOB-TOKEN` (GitLab doc/api/jobs.md, "Get job token's
 * job").
 */
const INTROSPECTION: IntrospectionRequest<Confirmation> = {
  credentials: 'job tokens',
  request: ({ token }) => ({ path: '/api/v4/job', headers: { 'job-token': token } }),
  interpret(status, body, bases) {
    switch (status) {
      case 200:
        return readJob(body, bases);
      case 401:
        return deny('job_not_running', 'GitLab returned 401: the job has ended, or the token is invalid');
      case 404:
        return deny(
          'credential_invalid',
          'GitLab returned 404: the credential is valid, but not a job token',
        );
      default:
        return undefined;
    }
  },
};

/** Creates the verifiers of CI job tokens, for each issuer that accepts them. */
export function createJobTokens(
  issuers: readonly IssuerSettings[],
  ports: IntrospectedPorts,
  previous?: IntrospectedTokens,
): IntrospectedTokens {
  const accepting = introspectionIssuers(issuers.filter(({ jobTokens }) => jobTokens !== undefined));
  return reuse(previous, accepting, (issuer) => {
    const { jobTokens } = issuer;
    if (jobTokens === undefined) throw new Error(`issuer ${issuer.name} accepts no job tokens`);
    const settings = {
      issuer,
      cache: jobTokens.cache,
      credentialClass: 'job_token',
      limits: limitsFrom(jobTokens.limits),
      request: INTROSPECTION,
    } as const;
    return createIntrospectedTokens(settings, ports);
  });
}
