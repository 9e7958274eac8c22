import { isDeepStrictEqual } from 'node:util';
import { DEPLOY_TOKENS } from '../core/credentials/deploy-token.ts';
import { reuse, missingFrom, type ReusableResources } from '../util/resources/reuse.ts';
import { createAccessTokens } from './access-token/access-tokens.ts';
import type { AccessTokenPorts } from './access-token/access-tokens.ts';
import { compileIssuer, coreOf } from './compile-issuers.ts';
import type { Issuer } from './compile-issuers.ts';
import { createGitlabDeployTokens } from './deploy-token/gitlab-deploy-tokens.ts';
import { withoutTokensOf, type IdTokenCache } from './id-token/id-tokens.ts';
import type { IntrospectedPorts, IntrospectedTokens } from './introspection/introspected-tokens.ts';
import { createPermitsByGitlab, type PermitsByGitlab } from './introspection/shared-permits.ts';
import { createJobTokens } from './job-token/job-tokens.ts';
import type { ApiPorts } from './liveness/api-client.ts';
import { createLivenessChecks, type LivenessChecks } from './liveness/liveness.ts';
import type { AuthenticateSettings, IssuerCore } from './settings.ts';
import { createVerificationCache } from './verification-cache.ts';

/** Keys and verified tokens. A reload reuses each of them if its settings are unchanged. */
export interface AuthenticatorResources {
  readonly issuers: ReusableResources<IssuerCore, Issuer>;
  readonly idTokens: IdTokenCache;
  readonly jobTokens: IntrospectedTokens;
  readonly gitlabDeployTokens: IntrospectedTokens;
  readonly permits: PermitsByGitlab;
  readonly liveness: LivenessChecks;
  readonly accessTokens: ReturnType<typeof createAccessTokens>;
  /** The keyring and issuer URLs that `accessTokens` depends on. */
  readonly keyring: AccessTokenPorts['keyring'];
  readonly urls: ReadonlyMap<string, string>;
}

export function createAuthenticatorResources(
  settings: AuthenticateSettings,
  ports: Omit<IntrospectedPorts, 'permits'> & AccessTokenPorts & ApiPorts,
  previous: AuthenticatorResources | undefined,
): AuthenticatorResources {
  const issuers = reuse(
    previous?.issuers,
    settings.issuers.map((issuer) => [issuer.name, coreOf(issuer)]),
    (core) => compileIssuer(core, ports.egress, ports),
  );
  const urls = issuerUrls(settings);
  const { keyring } = ports;
  // Verifications with another keyring are not valid for the keys of this one.
  const sameKeyring = previous?.keyring === keyring && isDeepStrictEqual(previous.urls, urls);
  const accessTokens = sameKeyring ? previous.accessTokens : undefined;
  const permits = createPermitsByGitlab(settings.issuers, ports.clock, previous?.permits);
  const introspected = { ...ports, permits };
  return {
    issuers,
    idTokens:
      previous === undefined
        ? createVerificationCache()
        : withoutTokensOf(missingFrom(previous.issuers, issuers), previous.idTokens),
    jobTokens: createJobTokens(settings.issuers, introspected, previous?.jobTokens),
    gitlabDeployTokens: createGitlabDeployTokens(
      settings.issuers,
      introspected,
      previous?.gitlabDeployTokens,
    ),
    permits,
    liveness: createLivenessChecks(settings.issuers, ports, previous?.liveness),
    accessTokens: accessTokens ?? createAccessTokens(settings.server.publicUrl, urls, ports),
    keyring,
    urls,
  };
}

/**
 * `iss` by issuer name, for the sources of minted tokens. Deploy tokens of the configuration have the
 * gateway's URL.
 */
function issuerUrls({ issuers, server }: AuthenticateSettings): ReadonlyMap<string, string> {
  return new Map([
    ...issuers.map(({ name, issuer }) => [name, issuer] as const),
    [DEPLOY_TOKENS, server.publicUrl],
  ]);
}
