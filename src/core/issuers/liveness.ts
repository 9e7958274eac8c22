import type { IssuerType } from './issuer-presets.ts';

/** Issuer types with an API that reports whether the job or pod of a token still runs. */
export const LIVENESS_TYPES = ['gitlab', 'github', 'kubernetes'] as const satisfies IssuerType[];

export type LivenessType = (typeof LIVENESS_TYPES)[number];

/** The facts of one type. */
interface LivenessPreset {
  /** Claims that name the job or pod. Minted tokens repeat them. */
  readonly claims: readonly string[];
  /** API requests; the defaults of `liveness.limits`. */
  readonly limits: { readonly perSecond: number; readonly burst: number };
  /** The base URL of the API. Undefined: it does not follow from the issuer. */
  readonly apiUrl: (issuer: string) => string | undefined;
}

export const LIVENESS: Readonly<Record<LivenessType, LivenessPreset>> = {
  gitlab: {
    claims: ['job_project_id', 'project_id', 'pipeline_id', 'job_id'],
    // GitLab.com serves a user 2,000 requests a minute (doc/user/gitlab_com, "Rate limits on GitLab.com").
    limits: { perSecond: 10, burst: 200 },
    apiUrl: (issuer) => issuer,
  },
  github: {
    claims: ['repository', 'repository_id', 'run_id', 'run_attempt', 'check_run_id'],
    // GitHub serves a token 5,000 requests an hour ("Rate limits for the REST API").
    limits: { perSecond: 1.2, burst: 300 },
    apiUrl: githubApiUrl,
  },
  kubernetes: {
    claims: [
      '/kubernetes.io/namespace',
      '/kubernetes.io/serviceaccount/name',
      '/kubernetes.io/pod/name',
      '/kubernetes.io/pod/uid',
    ],
    limits: { perSecond: 20, burst: 200 },
    apiUrl: () => 'https://kubernetes.default.svc',
  },
};

export function isLivenessType(type: IssuerType): type is LivenessType {
  return LIVENESS_TYPES.some((known) => known === type);
}

/** GitHub, GitHub with data residency, and GitHub Enterprise Server ("OpenID Connect reference"). */
function githubApiUrl(issuer: string): string | undefined {
  const { hostname, origin, pathname } = new URL(issuer);
  if (hostname === 'token.actions.githubusercontent.com') return 'https://api.github.com';
  const tenant = /^token\.actions\.([^.]+\.ghe\.com)$/.exec(hostname)?.[1];
  if (tenant !== undefined) return `https://api.${tenant}`;
  return pathname === '/_services/token' ? `${origin}/api/v3` : undefined;
}
