import { JOB_TOKEN_CLAIMS } from '../../../core/credentials/job-token-claims.ts';
import type { DraftIdentity, DraftIssuer, DraftService } from '../../model/draft.ts';
import { indexByName } from '../../model/index-by-name.ts';
import { servicesOf } from '../../model/services-of.ts';
import type { RuleContext } from '../rule.ts';
import { apiUrlProblem } from './api-url.ts';

export function checkJobTokens(context: RuleContext): void {
  const { issuers, identities, services } = context.draft;
  for (const issuer of issuers) checkIssuer(context, issuer);
  for (const identity of identities) {
    for (const kind of VERIFIED_BY_GITLAB) if (identity.via.includes(kind)) checkVia(context, identity, kind);
    if (identity.via.includes('job_token')) checkClaims(context, identity);
  }
  for (const service of services) for (const kind of VERIFIED_BY_GITLAB) checkChoice(context, service, kind);
}

/** Credential classes that GitLab verifies, and the issuer keys that enable them. */
const VERIFIED_BY_GITLAB = ['job_token', 'deploy_token'] as const;
type RemoteClass = (typeof VERIFIED_BY_GITLAB)[number];
const KEYS = { job_token: 'jobTokens', deploy_token: 'deployTokens' } as const;
const WORDS = { job_token: 'job tokens', deploy_token: 'deploy tokens' } as const;

/** GitLab's defaults (doc/security/rate_limits.md). */
const BAN = { failures: 30, window: 180_000 };

const LONG_CACHE = 5 * 60_000;

function checkIssuer(context: RuleContext, issuer: DraftIssuer): void {
  const path = ['issuers', issuer.name];
  const { apiUrl, jobTokens, deployTokens } = issuer;
  if (issuer.type !== 'gitlab') {
    for (const key of ['apiUrl', 'jobTokens', 'deployTokens'] as const) {
      if (issuer[key] === undefined) continue;
      context.error(
        [...path, key],
        `is for issuers of type gitlab; this one is of type ${issuer.type}`,
        'key',
      );
    }
    return;
  }
  const problem =
    apiUrl === undefined ? undefined : apiUrlProblem(issuer.type, apiUrl, context.draft.server.publicUrl);
  if (problem !== undefined) context.error([...path, 'apiUrl'], problem);
  if (apiUrl !== undefined && (jobTokens ?? deployTokens ?? issuer.liveness) === undefined) {
    context.warn([...path, 'apiUrl'], 'has no effect without jobTokens, deployTokens or liveness', 'key');
  }
  if (jobTokens !== undefined && jobTokens.cache > LONG_CACHE) {
    context.warn([...path, 'jobTokens', 'cache'], 'the token of a finished job is accepted for that long');
  }
  if (deployTokens !== undefined) {
    const { failures, window } = deployTokens.limits;
    const within = failures * Math.max(1, BAN.window / window);
    if (within >= BAN.failures) {
      const message = `GitLab bans an address after ${BAN.failures} failures in 3 minutes by default; keep the value only if its limit is higher or does not apply to the gateway`;
      context.warn([...path, 'deployTokens', 'limits'], message, 'key');
    }
  }
}

function acceptingIssuers(context: RuleContext, kind: RemoteClass): string[] {
  return context.draft.issuers.flatMap((issuer) => (issuer[KEYS[kind]] === undefined ? [] : [issuer.name]));
}

function checkVia(
  context: RuleContext,
  { name, issuer: issuerName, via }: DraftIdentity,
  kind: RemoteClass,
): void {
  const key = KEYS[kind];
  const what = WORDS[kind];
  const issuer = indexByName(context.draft.issuers).get(issuerName);
  if (issuer === undefined || issuer[key] !== undefined) return;
  const others = acceptingIssuers(context, kind);
  const advice =
    issuer.type === 'gitlab'
      ? `; give it ${key}: {} (${context.where(['issuers', issuerName])})`
      : others.length > 0
        ? `; accepted by: ${others.join(', ')}`
        : '; only issuers of type gitlab do';
  const path = ['identities', name, 'via', via.indexOf(kind)];
  context.error(path, `issuer "${issuerName}" accepts no ${what}${advice}`);
}

const KNOWN: ReadonlySet<string> = new Set(JOB_TOKEN_CLAIMS);

function checkClaims(context: RuleContext, { name, match }: DraftIdentity): void {
  for (const claim of Object.keys(match)) {
    if (KNOWN.has(claim.replace(/^\//, ''))) continue;
    const advice = 'remove job_token from via, or add an identity for job tokens without this condition';
    const message = `never matches a job token, whose claims are ${JOB_TOKEN_CLAIMS.join(', ')}; ${advice}`;
    context.warn(['identities', name, 'match', claim], message, 'key');
  }
}

/** Such a token does not name its issuer, and trying several GitLab instances would disclose it to each of them. */
function checkChoice(context: RuleContext, service: DraftService, kind: RemoteClass): void {
  const accepting = acceptingIssuers(context, kind).filter((name) => service.issuers?.includes(name) ?? true);
  const { identities, roles } = context.draft;
  const takesThem = identities.some(
    (identity) =>
      identity.via.includes(kind) &&
      accepting.includes(identity.issuer) &&
      servicesOf(identity, roles).has(service.name),
  );
  if (accepting.length < 2 || !takesThem) return;
  const message = `must name one of ${accepting.join(', ')}: all of them accept ${WORDS[kind]}, which do not say whose they are`;
  context.error(['services', service.name, 'issuers'], message, 'key');
}
