import type { Draft } from './draft.ts';
import { formatMark, problemAt, type Problem } from './problem.ts';
import type { Rule, RuleContext, Section } from './rule.ts';
import { checkAllowlist } from './rules-allowlist.ts';
import { checkClientCredentials } from './rules-client-credential.ts';
import { checkDeployTokens } from './rules-deploy-tokens.ts';
import { checkFiles } from './rules-files.ts';
import { checkGrants } from './rules-grants.ts';
import { checkIdentityHeaders } from './rules-headers.ts';
import { checkIdentities } from './rules-identities.ts';
import { checkIssuers } from './rules-issuers.ts';
import { checkJobTokens } from './rules-job-tokens.ts';
import { checkMatches } from './rules-match.ts';
import { checkOrder } from './rules-order.ts';
import { checkPassHeaders } from './rules-pass-headers.ts';
import { checkPerIdentity, checkPerIdentityReach } from './rules-per-identity.ts';
import { checkPublishing } from './rules-publishing.ts';
import { checkReach } from './rules-reach.ts';
import { checkRegistries } from './rules-registries.ts';
import { checkServer } from './rules-server.ts';
import { checkServices } from './rules-services.ts';
import { checkState } from './rules-state.ts';
import { checkUpstreamAuth } from './rules-upstream-auth.ts';
import { checkUpstreams } from './rules-upstream.ts';
import { checkWeakPolicy } from './rules-weak-policy.ts';
import { checkWorkloads } from './rules-workloads.ts';
import { keysAt, markAt, nodeAt, type SourceNode } from './source-tree.ts';

const RULES: readonly Rule[] = [
  checkServer,
  checkState,
  checkIssuers,
  checkIdentities,
  checkMatches,
  checkWeakPolicy,
  checkJobTokens,
  checkAllowlist,
  checkDeployTokens,
  checkWorkloads,
  checkGrants,
  checkServices,
  checkRegistries,
  checkPublishing,
  checkUpstreams,
  checkUpstreamAuth,
  checkPerIdentity,
  checkClientCredentials,
  checkIdentityHeaders,
  checkPassHeaders,
  checkFiles,
];

/** They look at the whole: what the schema had to leave out would make them warn in vain. */
const RULES_OF_THE_WHOLE: readonly Rule[] = [checkReach, checkPerIdentityReach, checkOrder];

/** What no schema can say: how the parts of a configuration fit together, and with the world. */
export function applyRules(root: SourceNode, draft: Draft, whole: boolean, now: number): Problem[] {
  const problems: Problem[] = [];
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
    error: (path, message, place) => problems.push(problemAt(markAt(root, path, place), path, message)),
    warn: (path, message, place) =>
      problems.push(problemAt(markAt(root, path, place), path, message, 'warning')),
    where: (path) => formatMark(markAt(root, path)),
  };
  for (const rule of whole ? [...RULES, ...RULES_OF_THE_WHOLE] : RULES) rule(context);
  return problems;
}

function namesIn(root: SourceNode, section: Section): readonly string[] | undefined {
  const node = nodeAt(root, [section]);
  return node === undefined || node.kind === 'mapping' ? keysAt(root, [section]) : undefined;
}
