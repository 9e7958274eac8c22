import { JOB_TOKEN_CLAIMS } from '../contract/job-token-claims.ts';
import { isLoopback } from '../lib/listen-address.ts';
import type { Identity, Issuer, Service } from './draft.ts';
import { servicesOf } from './services-of.ts';
import type { RuleContext } from './rule.ts';
import { hostOf, sameUrl } from './rules-issuers.ts';

export function checkJobTokens(context: RuleContext): void {
  const { issuers, identities, services } = context.draft;
  for (const issuer of issuers) checkIssuer(context, issuer);
  for (const identity of identities) {
    if (!identity.via.includes('job_token')) continue;
    checkVia(context, identity);
    checkClaims(context, identity);
  }
  for (const service of services) checkChoice(context, service);
}

const LONG_CACHE = 5 * 60_000;

function checkIssuer(context: RuleContext, issuer: Issuer): void {
  const path = ['issuers', issuer.name];
  const { apiUrl, jobTokens } = issuer;
  if (issuer.type !== 'gitlab') {
    for (const key of ['apiUrl', 'jobTokens'] as const) {
      if (issuer[key] === undefined) continue;
      context.error(
        [...path, key],
        `is for issuers of type gitlab; this one is of type ${issuer.type}`,
        'key',
      );
    }
    return;
  }
  const problem = apiUrl === undefined ? undefined : apiUrlProblem(apiUrl, context.draft.server.publicUrl);
  if (problem !== undefined) context.error([...path, 'apiUrl'], problem);
  if (apiUrl !== undefined && jobTokens === undefined) {
    context.warn([...path, 'apiUrl'], 'has no effect without jobTokens', 'key');
  }
  if (jobTokens !== undefined && jobTokens.cache > LONG_CACHE) {
    context.warn([...path, 'jobTokens', 'cache'], 'the token of a job that has ended is taken for that long');
  }
}

function apiUrlProblem(url: string, publicUrl: string | undefined): string | undefined {
  if (url.startsWith('http:') && !isLoopback(hostOf(url))) {
    return 'must be https: job tokens travel to it (http is for loopback)';
  }
  if (/\/api(\/v\d+)?\/?$/.test(url)) return 'must be the URL of GitLab itself, without /api/v4';
  return publicUrl !== undefined && sameUrl(url, publicUrl)
    ? 'must not be server.publicUrl: the gateway would ask itself'
    : undefined;
}

function acceptingIssuers(context: RuleContext): string[] {
  return context.draft.issuers.flatMap(({ name, jobTokens }) => (jobTokens === undefined ? [] : [name]));
}

function checkVia(context: RuleContext, { name, issuer: issuerName, via }: Identity): void {
  const issuer = context.draft.issuers.find((each) => each.name === issuerName);
  if (issuer === undefined || issuer.jobTokens !== undefined) return;
  const others = acceptingIssuers(context);
  const advice =
    issuer.type === 'gitlab'
      ? `; give it jobTokens: {} (${context.where(['issuers', issuerName])})`
      : others.length > 0
        ? `; accepted by: ${others.join(', ')}`
        : ', which only those of type gitlab can';
  const path = ['identities', name, 'via', via.indexOf('job_token')];
  context.error(path, `issuer "${issuerName}" accepts no job tokens${advice}`);
}

const KNOWN: ReadonlySet<string> = new Set(JOB_TOKEN_CLAIMS);

function checkClaims(context: RuleContext, { name, match }: Identity): void {
  for (const claim of Object.keys(match)) {
    if (KNOWN.has(claim.replace(/^\//, ''))) continue;
    const message = `never matches a job token: of those only ${JOB_TOKEN_CLAIMS.join(', ')} are known`;
    context.warn(['identities', name, 'match', claim], message, 'key');
  }
}

/** A job token does not say whose it is, and asking one GitLab after the other would show each the others' secrets. */
function checkChoice(context: RuleContext, service: Service): void {
  const accepting = acceptingIssuers(context).filter((name) => service.issuers?.includes(name) ?? true);
  const { identities, roles } = context.draft;
  const takesJobTokens = identities.some(
    (identity) =>
      identity.via.includes('job_token') &&
      accepting.includes(identity.issuer) &&
      servicesOf(identity, roles).has(service.name),
  );
  if (accepting.length < 2 || !takesJobTokens) return;
  const message = `must name one of ${accepting.join(', ')}: all of them accept job tokens, which do not say whose they are`;
  context.error(['services', service.name, 'issuers'], message, 'key');
}
