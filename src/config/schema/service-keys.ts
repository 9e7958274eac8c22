import { z } from 'zod';
import { CREDENTIAL_SOURCES, type CredentialSource } from '../../core/credentials/credential.ts';
import { byteSize, name, nonEmpty } from './scalars.ts';
import { upstream } from './upstream.ts';

/** What the rules ask of a type of service. */
export interface ServiceTraits {
  /** Its scopes, unless the service has `operations` that name others. */
  readonly scopes: readonly string[];
  /** `path`: resources start with `/`, as `/v1/list`. `name`: they do not, as `acme/a.tgz`. */
  readonly resources: 'path' | 'name';
}

const anonymous = z
  .array(z.strictObject({ scopes: z.array(nonEmpty).min(1), resources: z.array(nonEmpty).min(1) }))
  .default([])
  .describe('What needs no credential.');

/** Keys that services of every type have. */
export const serviceKeys = {
  hosts: z.array(nonEmpty).min(1).optional().describe('Default: every host that no service names.'),
  path: z.string().default('/').describe('Prefix below which clients find it; starts and ends with /.'),
  issuers: z.array(name).min(1).optional().describe('Default: all issuers.'),
  audiences: z.array(nonEmpty).min(1).optional().describe('Replaces the audiences of the issuers.'),
  upstream: upstream.describe('The server behind the gateway.'),
  anonymous,
  mode: z
    .enum(['enforce', 'shadow'])
    .default('enforce')
    .describe('shadow: what policy denies is forwarded without identity, and audited.'),
  deny: z.enum(['reveal', 'conceal']).default('reveal').describe('conceal: 404 instead of 403.'),
  identityHeaders: z
    .record(nonEmpty, z.string())
    .default({})
    .describe('Headers for the upstream from {identity}, {subject}, {issuer}, {claims.NAME}.'),
  assertion: z
    .boolean()
    .default(false)
    .describe('Whether the upstream gets X-Auth-Assertion, the signed word of the gateway. Default false.'),
  keepCookies: z.boolean().default(false).describe('Passes the Cookie header on. Default false.'),
  passHeaders: z
    .array(nonEmpty)
    .default([])
    .describe(
      'Request headers that are forwarded although the upstream acts on other resources than the path with them, such as X-Checksum-Deploy. Without an entry such a header is refused or removed. Policy does not see its effect: a client that may write one path may then reach everything that the account of the gateway can. Default: none.',
    ),
  limits: z
    .strictObject({
      bodyBytes: byteSize.optional().describe('Longest request body; beyond it 413. Default: no limit.'),
    })
    .prefault({})
    .describe('Of this service alone.'),
} as const;

/** Of formats whose clients exchange an id token by themselves when they publish. */
export const publishingKeys = {
  trustedPublishing: z
    .strictObject({
      audience: nonEmpty.describe(
        '`aud` of the id tokens that publishing clients exchange, and of no others.',
      ),
    })
    .optional()
    .describe('Clients publish with the id token of their job, at the root of the hosts.'),
} as const;

const HEADER_CREDENTIAL_SOURCES = CREDENTIAL_SOURCES.filter(
  (credentialSource): credentialSource is Exclude<CredentialSource, 'query' | 'form'> =>
    credentialSource !== 'query' && credentialSource !== 'form',
);

/** Of types whose protocol reads no credential from the query. */
export const headerCredentialSources = z
  .array(z.enum(HEADER_CREDENTIAL_SOURCES))
  .min(1)
  .optional()
  .describe('Default: those of the type.');

export const headerAndQueryCredentialSources = z
  .array(z.enum([...HEADER_CREDENTIAL_SOURCES, 'query']))
  .min(1)
  .optional()
  .describe('Default: those of the type.');

/** Of types that have forms in which a credential stands. */
export const headerQueryAndFormCredentialSources = z
  .array(z.enum(CREDENTIAL_SOURCES))
  .min(1)
  .optional()
  .describe('Default: those of the type.');
