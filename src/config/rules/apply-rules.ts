import type { Draft } from '../model/draft.ts';
import { formatMark, problemAt, type Problem, type Severity } from '../problems/problem.ts';
import type { Rule, RuleContext, Section } from './rule.ts';
import { checkAllowlist } from './issuers/allowlist.ts';
import { checkAuthorizedServices, checkAuthorizer } from './authorizer.ts';
import { checkCaseVariants } from './identities/case-variants.ts';
import { checkChosenClaims } from './upstream/chosen-claims.ts';
import { checkCertificates } from './certificates.ts';
import { checkClaimNames } from './identities/claim-names.ts';
import { checkAssertionAudiences } from './issuers/assertion-audiences.ts';
import { checkAudiences } from './issuers/audiences.ts';
import { checkClientCredentials } from './services/client-credential.ts';
import { checkCoveredGrants } from './identities/covered-grants.ts';
import { checkDelegations } from './delegations.ts';
import { checkDeployTokens } from './issuers/deploy-tokens.ts';
import { checkFiles } from './files.ts';
import { checkGrants } from './identities/grants.ts';
import { checkCoveredEndpoints, checkHiddenServices } from './services/hidden-services.ts';
import { checkIdentityHeaders } from './headers.ts';
import { checkIdentities } from './identities/identities.ts';
import { checkIssuers } from './issuers/issuers.ts';
import { checkJobTokens } from './issuers/job-tokens.ts';
import { checkLiveness } from './issuers/liveness.ts';
import { checkMatches } from './identities/match.ts';
import { checkOrder } from './identities/order.ts';
import { checkOverlap } from './identities/overlap.ts';
import { checkPassHeaders } from './pass-headers.ts';
import { checkPatterns } from './identities/patterns.ts';
import { checkOwnAudiences } from './services/own-audiences.ts';
import { checkPathVariants } from './services/path-variants.ts';
import { checkPerIdentity, checkPerIdentityReach } from './upstream/per-identity.ts';
import { checkPublishing } from './services/publishing.ts';
import { checkPushScopes } from './identities/push-scopes.ts';
import { checkReach } from './identities/reach.ts';
import { checkRegistries } from './services/registries.ts';
import { checkServer } from './server.ts';
import { checkReusePort } from './reuse-port.ts';
import { checkServices } from './services/services.ts';
import { checkState } from './state.ts';
import { checkTerraform } from './services/terraform.ts';
import { checkTrustDomains } from './issuers/trust-domains.ts';
import { checkUnusedGrants } from './identities/unused-grants.ts';
import { checkUntrustedGrants } from './identities/untrusted-grants.ts';
import { checkUpstreamAuth } from './upstream/upstream-auth.ts';
import { checkUpstreams } from './upstream/upstream.ts';
import { checkVault } from './upstream/vault.ts';
import { checkWeakPolicy } from './identities/weak-policy.ts';
import { checkWorkloads } from './identities/workloads.ts';
import { keysAt, markAt, nodeAt, type SourceNode } from '../load/source-tree.ts';

const RULES: readonly Rule[] = [
  checkServer,
  checkAuthorizer,
  checkReusePort,
  checkState,
  checkIssuers,
  checkTrustDomains,
  checkIdentities,
  checkMatches,
  checkClaimNames,
  checkPatterns,
  checkWeakPolicy,
  checkJobTokens,
  checkLiveness,
  checkAllowlist,
  checkDeployTokens,
  checkWorkloads,
  checkGrants,
  checkDelegations,
  checkServices,
  checkAuthorizedServices,
  checkRegistries,
  checkPublishing,
  checkTerraform,
  checkUpstreams,
  checkUpstreamAuth,
  checkVault,
  checkPerIdentity,
  checkClientCredentials,
  checkOwnAudiences,
  checkIdentityHeaders,
  checkPassHeaders,
  checkFiles,
  checkCertificates,
  checkAudiences,
  checkAssertionAudiences,
];

/** Rules that compare all entries. Entries that the schema refused would cause false warnings. */
const WHOLE_CONFIGURATION_RULES: readonly Rule[] = [
  checkReach,
  checkPerIdentityReach,
  checkChosenClaims,
  checkOrder,
  checkOverlap,
  checkUntrustedGrants,
  checkUnusedGrants,
  checkCoveredGrants,
  checkPushScopes,
  checkCaseVariants,
  checkPathVariants,
  checkHiddenServices,
  checkCoveredEndpoints,
];

/** Checks that the schema cannot express: relations between entries, and the files that they name. */
export function applyRules(root: SourceNode, draft: Draft, whole: boolean, now: number): Problem[] {
  const problems: Problem[] = [];
  let rule = '';
  const report =
    (severity: Severity): RuleContext['error'] =>
    (path, message, place) =>
      problems.push(problemAt(markAt(root, path, place), path, message, { severity, rule }));
  const context: RuleContext = {
    draft,
    now,
    names: {
      issuers: namesIn(root, 'issuers'),
      services: namesIn(root, 'services'),
      roles: namesIn(root, 'roles'),
      identities: namesIn(root, 'identities'),
      deployTokens: namesIn(root, 'deployTokens'),
    },
    error: report('error'),
    warn: report('warning'),
    note: report('note'),
    isExpanded: (path) => isExpanded(nodeAt(root, path)),
    where: (path) => formatMark(markAt(root, path)),
  };
  for (const check of whole ? [...RULES, ...WHOLE_CONFIGURATION_RULES] : RULES) {
    rule = idOf(check);
    check(context);
  }
  return problems;
}

/** `checkDeployTokens` → `deploy-tokens`: stable ids, by which reports are compared between versions. */
function idOf({ name }: Rule): string {
  return name
    .replace(/^check/, '')
    .replaceAll(/[A-Z]/g, (letter, at: number) => `${at === 0 ? '' : '-'}${letter.toLowerCase()}`);
}

function isExpanded(node: SourceNode | undefined): boolean {
  if (node === undefined) return false;
  if (node.kind === 'scalar') return node.expanded;
  const children = node.kind === 'list' ? node.items : [...node.entries.values()].map(({ value }) => value);
  return children.some(isExpanded);
}

function namesIn(root: SourceNode, section: Section): ReadonlySet<string> | undefined {
  const node = nodeAt(root, [section]);
  return node === undefined || node.kind === 'mapping' ? new Set(keysAt(root, [section])) : undefined;
}
