import type { Draft } from '../model/draft.ts';
import { formatMark, problemAt, type Problem } from '../problems/problem.ts';
import type { Rule, RuleContext, Section } from './rule.ts';
import { checkAllowlist } from './issuers/allowlist.ts';
import { checkClientCredentials } from './services/client-credential.ts';
import { checkDeployTokens } from './issuers/deploy-tokens.ts';
import { checkFiles } from './files.ts';
import { checkGrants } from './identities/grants.ts';
import { checkIdentityHeaders } from './headers.ts';
import { checkIdentities } from './identities/identities.ts';
import { checkIssuers } from './issuers/issuers.ts';
import { checkJobTokens } from './issuers/job-tokens.ts';
import { checkMatches } from './identities/match.ts';
import { checkOrder } from './identities/order.ts';
import { checkPassHeaders } from './pass-headers.ts';
import { checkPerIdentity, checkPerIdentityReach } from './upstream/per-identity.ts';
import { checkPublishing } from './services/publishing.ts';
import { checkReach } from './identities/reach.ts';
import { checkRegistries } from './services/registries.ts';
import { checkServer } from './server.ts';
import { checkServices } from './services/services.ts';
import { checkState } from './state.ts';
import { checkUpstreamAuth } from './upstream/upstream-auth.ts';
import { checkUpstreams } from './upstream/upstream.ts';
import { checkWeakPolicy } from './identities/weak-policy.ts';
import { checkWorkloads } from './identities/workloads.ts';
import { keysAt, markAt, nodeAt, type SourceNode } from '../load/source-tree.ts';

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
