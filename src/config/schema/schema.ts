import { z } from 'zod';
import { issuer } from './issuer.ts';
import { grant, identity } from './policy.ts';
import { name } from './scalars.ts';
import { audit, logs, server } from './server.ts';
import { service } from './service.ts';
import { signing } from './signing.ts';
import { state } from './state.ts';
import { deployToken, deployTokenName, jobTokenAllowlist } from './tokens.ts';
import { workloadIdentity, workloadName } from './workload.ts';

/** The one source of the configuration's shape: types, messages, JSON Schema. Cross references are in rules.ts. */
export const configSchema = z.strictObject({
  version: z.literal(1).describe('Of the configuration’s form: 1.'),
  server: server.prefault({}),
  state,
  signing,
  logs,
  audit,
  issuers: z.record(name, issuer).default({}).describe('Trusted sources of id tokens.'),
  identities: z
    .record(name, identity)
    .default({})
    .describe('Who callers are: the first that matches, by file name, then position.'),
  roles: z.record(name, z.array(grant)).default({}).describe('Named lists of grants.'),
  jobTokenAllowlist: jobTokenAllowlist
    .default({})
    .describe('Target project ← projects whose job tokens may reach it, besides itself.'),
  deployTokens: z
    .record(deployTokenName, deployToken)
    .default({})
    .describe('Callers that are known by a user name and a generated secret.'),
  workloadIdentities: z
    .record(workloadName, workloadIdentity)
    .default({})
    .describe('Names that POST /v1/auth:exchangeToken takes → identities.'),
  services: z.record(name, service).default({}).describe('Protected upstreams.'),
});
