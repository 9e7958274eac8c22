import { z } from 'zod';
import { SOURCE_CLASSES } from '../../core/credentials/credential.ts';
import { REASON_NAMES, REASONS } from '../../core/reasons.ts';
import type { JsonSchema } from '../reference/subschemas.ts';
import { name, nonEmpty } from '../schema/scalars.ts';

const credential = z.strictObject({
  issuer: name.optional().describe('Name of an issuer of the configuration.'),
  claims: z.record(nonEmpty, z.unknown()).optional().describe('Claims of the token, treated as verified.'),
  class: z.enum(SOURCE_CLASSES).optional().describe('Credential class. Default: id_token.'),
  extends: nonEmpty
    .optional()
    .describe('Another credential of the file, whose claims this one replaces or adds to.'),
  deployToken: name.optional().describe('Name of a deploy token of the configuration.'),
  exchanged: nonEmpty
    .optional()
    .describe('Another credential of the file, exchanged for a token of the gateway with `scopes`.'),
  scopes: z.array(nonEmpty).min(1).optional().describe('Scopes of the exchanged token.'),
});

/** A policy test forwards nothing, so failures of the upstream (502, 504) cannot occur. */
const denyReason = z.enum(REASON_NAMES.filter((reason) => REASONS[reason].status < 500));
const unableReason = z.enum(REASON_NAMES.filter((reason) => REASONS[reason].status === 503));

const expected = z.union(
  [
    z.enum(['allow', 'deny', 'unable']),
    z.strictObject({ deny: z.array(denyReason).min(1).describe('The denial has one of these reasons.') }),
    z.strictObject({
      unable: z.array(unableReason).min(1).describe('The decision fails for one of these reasons.'),
    }),
  ],
  { error: 'must be allow, deny, { deny: [REASON] } or { unable: [REASON] }' },
);

const access = z.strictObject({
  service: name.describe('Name of a service of the configuration.'),
  scopes: z.array(nonEmpty).min(1).describe('Scopes; each is tested on each resource.'),
  resources: z.array(nonEmpty).min(1).describe('Names of resources, not patterns.'),
});

const policyTest = z.strictObject({
  name: nonEmpty.describe('Name of the test, unique in the file.'),
  as: z
    .union([nonEmpty, z.array(nonEmpty).min(1)], {
      error: 'must be the name of a credential, or a list of names',
    })
    .describe('Credentials of the file, or `anonymous`; the test runs once for each.'),
  request: z
    .string()
    .optional()
    .describe('Method and absolute URL: GET https://gateway.example.com/orders/.'),
  headers: z.record(nonEmpty, z.string()).optional().describe('Headers of the request.'),
  body: z.string().optional().describe('Body of the request, where the operation depends on it.'),
  expect: expected.optional().describe('The expected decision on the request.'),
  can: access.optional().describe('Scopes that the credential has on resources.'),
  cannot: access.optional().describe('Scopes that the credential does not have on resources.'),
});

export const policyTestSchema = z.strictObject({
  version: z.literal(1).describe('Version of the format: 1.'),
  credentials: z.record(name, credential).default({}).describe('Credentials by name.'),
  tests: z.array(policyTest).min(1).describe('Tests.'),
});

export type PolicyTestFile = z.output<typeof policyTestSchema>;
export type WrittenTest = PolicyTestFile['tests'][number];
export type WrittenCredential = PolicyTestFile['credentials'][string];

/** For the fixes in messages. */
export const POLICY_TEST_JSON_SCHEMA = z.toJSONSchema(policyTestSchema, { io: 'input' }) as JsonSchema;
