import { deny } from '../../core/decision.ts';
import type { IntrospectionRequest } from '../introspection/gitlab-introspection.ts';
import { reuse } from '../../util/reuse.ts';
import { askedOf, createIntrospectedTokens } from '../introspection/introspected-tokens.ts';
import type { IntrospectedPorts, IntrospectedTokens, Proof } from '../introspection/introspected-tokens.ts';
import type { IntrospectionLimits } from '../introspection/permits.ts';
import { readJob } from './job-token-claims.ts';
import type { IssuerSettings } from '../settings.ts';

/**
 * GitLab bans no address for these, but GitLab.com serves one address 500 unauthenticated requests a minute
 * (doc/user/gitlab_com/rate_limits), and a refused job token is one: at most 450 fail in that time.
 */
const LIMITS: IntrospectionLimits = {
  budget: {
    window: 60_000,
    unproven: 360,
    proven: 450,
    renewals: undefined,
    perAddress: 1,
    withinAddress: 16,
    unansweredCount: false,
  },
  renewals: { perSecond: 200, burst: 200 },
  refusalLifetime: 10_000,
};

/** `GET /api/v4/job` answers what the job of the token in `JOB-TOKEN` is (GitLab doc/api/jobs.md). */
const INTROSPECTION: IntrospectionRequest<Proof> = {
  what: 'job tokens',
  request: ({ token }) => ({ path: '/api/v4/job', headers: { 'job-token': token } }),
  interpret(status, body, bases) {
    switch (status) {
      case 200:
        return readJob(body, bases);
      case 401:
        return deny('job_not_running', 'GitLab answers 401: the job has ended, or there never was one');
      case 404:
        return deny('credential_invalid', 'GitLab answers 404: a credential, but not that of a job');
      default:
        return undefined;
    }
  },
};

/** CI job tokens, of every GitLab that is to be asked about them. */
export function createJobTokens(
  issuers: readonly IssuerSettings[],
  ports: IntrospectedPorts,
  last?: IntrospectedTokens,
): IntrospectedTokens {
  const asked = askedOf(issuers.filter(({ jobTokens }) => jobTokens !== undefined));
  return reuse(last, asked, (issuer) =>
    createIntrospectedTokens(issuer, 'job_token', issuer.jobTokens?.cache ?? 0, LIMITS, INTROSPECTION, ports),
  );
}
