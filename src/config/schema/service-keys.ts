import { z } from 'zod';
import { CREDENTIAL_SOURCES, type CredentialSource } from '../../core/credentials/credential.ts';
import { HEADER_PRESET_NAMES } from '../../core/headers/header-presets.ts';
import { requestLimitKeys } from './request-limits.ts';
import { byteSize, name, nonEmpty } from './scalars.ts';
import { upstream } from './upstream.ts';

/** Properties of a service type that the rules use. */
const anonymous = z
  .array(z.strictObject({ scopes: z.array(nonEmpty).min(1), resources: z.array(nonEmpty).min(1) }))
  .default([])
  .describe('Scopes and resource patterns that requests without a credential may use. Default: none.');

const requiredUpstream = upstream.describe(
  'The server behind the gateway. Types http, generic and oci may omit it: `server.authorizer` alone decides on their requests then.',
);

/** Keys of all service types. */
export const serviceKeys = {
  hosts: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe(
      'Values of the Host header that select this service, optionally with a port. On the host of `server.publicUrl`, the built-in endpoints have the paths of no service. Default: every host that no other service lists.',
    ),
  path: z
    .string()
    .default('/')
    .describe(
      'Path prefix of the service for clients; starts and ends with /. Without the final slash, GET and HEAD are redirected (301) and other requests reach the service, unless another service has the path. Default: /.',
    ),
  issuers: z
    .array(name)
    .min(1)
    .optional()
    .describe('Names of the issuers whose tokens are accepted. Default: all issuers.'),
  audiences: z
    .array(nonEmpty)
    .min(1)
    .optional()
    .describe(
      'Accepted `aud` values. They replace the audiences of the issuers. Default: the issuer’s `audiences`.',
    ),
  upstream: requiredUpstream,
  anonymous,
  mode: z
    .enum(['enforce', 'shadow'])
    .default('enforce')
    .describe(
      'enforce: requests that the policy denies are refused. shadow: they are forwarded without identity headers and recorded in the audit log. Default: enforce.',
    ),
  deny: z
    .enum(['reveal', 'conceal'])
    .default('reveal')
    .describe('Status of denied requests. reveal: 403. conceal: 404. Default: reveal.'),
  identityHeaders: z
    .record(nonEmpty, z.string())
    .default({})
    .describe(
      'Request headers that the gateway sets for the upstream: name → template with {identity}, {subject}, {issuer}, {roles}, {scopes} or {claims.NAME}. Roles and scopes are separated by commas; {scopes} are the scopes that the request needs. A template without a value sends no header.',
    ),
  headerPreset: z
    .enum(HEADER_PRESET_NAMES)
    .optional()
    .describe(
      'Adds the identity headers that an upstream behind another proxy expects. oauth2-proxy: X-Forwarded-User and X-Forwarded-Preferred-Username with the identity, X-Forwarded-Groups with its roles. remote-user: Remote-User, and Remote-Groups with the roles. x-forwarded-user: X-Forwarded-User. A header of the same name in `identityHeaders` replaces the header of the preset. Default: none.',
    ),
  assertion: z
    .boolean()
    .default(false)
    .describe('true: sends X-Auth-Assertion, a JWT signed by the gateway, to the upstream. Default false.'),
  keepCookies: z
    .boolean()
    .default(false)
    .describe(
      'true: forwards the Cookie header to the upstream, and Set-Cookie to the client. With an upstream credential, a session that the upstream starts is then the client’s: it has the permissions of the gateway’s account, and the policy does not limit it where the client reaches the upstream directly. false: removes both. Default: false.',
    ),
  passHeaders: z
    .array(nonEmpty)
    .default([])
    .describe(
      'Request headers to forward although they make the upstream act on resources other than the path, such as X-Checksum-Deploy. A header without an entry is refused or removed. The policy does not cover the effect of these headers: a client with write access to one path may reach every resource that the upstream credential can reach. Default: none.',
    ),
  limits: z
    .strictObject({
      bodyBytes: byteSize
        .optional()
        .describe('Maximum size of a request body; larger bodies get 413. Default: no limit.'),
      ...requestLimitKeys(
        'each identity at this service (without an identity: of the network of the client)',
      ),
    })
    .prefault({})
    .describe('Limits of this service.'),
} as const;

/** Keys of types whose requests the authorizer can decide: by method and path, without the body. */
export const subrequestKeys = {
  upstream: requiredUpstream.optional(),
  authorizer: z
    .strictObject({
      injectCredential: z
        .boolean()
        .default(false)
        .describe(
          'true: allowed responses contain the credential of `upstream.auth` for the proxy to forward, except for anonymous requests and in shadow mode. Requires an authorizer listener that is a Unix socket, loopback, or requires client certificates. Default false.',
        ),
    })
    .prefault({})
    .describe('Responses of `server.authorizer` for this service.'),
} as const;

/** Keys of types whose resources are paths. */
export const pathKeys = {
  pathParameters: z
    .enum(['refuse', 'keep'])
    .default('refuse')
    .describe(
      'Paths with a literal ";", such as the matrix parameters of Artifactory (app.jar;build.number=1). refuse: 400. keep: the path is forwarded unchanged, and the resource must be granted with and without the parameters. "..;" is always refused. Default: refuse.',
    ),
} as const;

/** Keys of formats whose clients exchange an ID token, and name the package in the exchange. */
export const namedPublishingKeys = publishing({});

/** Keys of formats whose clients exchange an ID token, and name no package in the exchange. */
export const publishingKeys = publishing({
  packages: z
    .enum(['first', 'granted'])
    .default('first')
    .describe(
      'Packages that one publishing token covers. first: the package of its first push; a write to another package is refused with 403 `package_not_covered`. granted: each package that the identity may publish, such as the crates of a workspace. Default: first.',
    ),
});

function publishing<const T extends z.ZodRawShape>(more: T) {
  return {
    trustedPublishing: z
      .strictObject({
        audience: nonEmpty.describe(
          '`aud` of the ID tokens that publishing clients exchange. It must not be used for other tokens.',
        ),
        ...more,
      })
      .optional()
      .describe(
        'Enables trusted publishing: clients exchange the ID token of their job at the root of the hosts. Default: disabled.',
      ),
  } as const;
}

const HEADER_CREDENTIAL_SOURCES = CREDENTIAL_SOURCES.filter(
  (credentialSource): credentialSource is Exclude<CredentialSource, 'query' | 'form' | 'ticket'> =>
    credentialSource !== 'query' && credentialSource !== 'form',
);

/** For types whose protocol has no credential in the query. */
export const headerCredentialSources = z
  .array(z.enum(HEADER_CREDENTIAL_SOURCES))
  .min(1)
  .optional()
  .describe('Places where clients may send the credential. Default: set by the type.');

export const headerAndQueryCredentialSources = z
  .array(z.enum([...HEADER_CREDENTIAL_SOURCES, 'query']))
  .min(1)
  .optional()
  .describe('Places where clients may send the credential. Default: set by the type.');

/** For types with a credential in form fields. */
export const headerQueryAndFormCredentialSources = z
  .array(z.enum(CREDENTIAL_SOURCES))
  .min(1)
  .optional()
  .describe('Places where clients may send the credential. Default: set by the type.');
