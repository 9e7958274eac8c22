import { z } from 'zod';
import { delegation } from './delegation.ts';
import { issuer } from './issuer.ts';
import { grant, identity } from './policy.ts';
import { filePath, name } from './scalars.ts';
import { audit, logs, server } from './server.ts';
import { service } from './service.ts';
import { signing } from './signing.ts';
import { state } from './state.ts';
import { deployToken, deployTokenName, jobTokenAllowlist } from './tokens.ts';
import { vault } from './vault.ts';
import { workloadIdentity, workloadName } from './workload.ts';

/** Source of the types, messages and JSON Schema of the configuration. Rules across sections are in rules/. */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Version of the configuration format: 1.'),
  server: server.prefault({}),
  state,
  signing,
  vault: vault.optional(),
  logs,
  audit,
  issuers: z.record(name, issuer).default({}).describe('Trusted issuers of ID tokens.'),
  identities: z
    .record(name, identity, { error: notIdentities })
    .default({})
    .describe(
      'Conditions that map credentials to identities. The first match applies, in the order of file name and position. Either a mapping of names or a list of entries with `name`, such as `- { name: payments, issuer: gitlab, match: … }`, in all files. Tools that sort mappings, such as Helm, keep the order of a list.',
    ),
  roles: z.record(name, z.array(grant)).default({}).describe('Named lists of grants.'),
  jobTokenAllowlist: jobTokenAllowlist
    .default({})
    .describe('Target project ← projects whose job tokens may access it, in addition to its own.'),
  deployTokens: z
    .record(deployTokenName, deployToken)
    .default({})
    .describe('Clients that authenticate with a user name and a generated secret.'),
  workloadIdentities: z
    .record(workloadName, workloadIdentity)
    .default({})
    .describe('Names that POST /v1/auth:exchangeToken accepts → identities.'),
  candidate: z
    .strictObject({
      config: filePath.describe('Configuration: a YAML file or a directory of YAML files.'),
    })
    .optional()
    .describe(
      'A policy that is evaluated for each request after its response has ended. It has no effect on responses; differences are counted and audited.',
    ),
  delegations: z
    .array(delegation)
    .default([])
    .describe(
      'Policy files of other teams, each with the bounds of its identities and roles. The files are loaded by this key only.',
    ),
  services: z.record(name, service).default({}).describe('Protected upstreams.'),
});

function notIdentities({ code }: { readonly code: string }): string | undefined {
  return code === 'invalid_type' ? 'must be a list or a mapping of identities' : undefined;
}
