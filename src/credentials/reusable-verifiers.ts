import { isDeepStrictEqual } from 'node:util';
import { DEPLOY_TOKENS } from '../core/credentials/deploy-token.ts';
import { reuse, missingFrom, type ReusableResources } from '../util/reuse.ts';
import { createAccessTokens } from './access-token/access-tokens.ts';
import type { AccessTokenPorts } from './access-token/access-tokens.ts';
import { compileIssuer, coreOf } from './compile-issuers.ts';
import type { Issuer } from './compile-issuers.ts';
import { createGitlabDeployTokens } from './deploy-token/gitlab-deploy-tokens.ts';
import { withoutTokensOf, type KnownIdTokens } from './id-token/id-tokens.ts';
import type { IntrospectedPorts, IntrospectedTokens } from './introspection/introspected-tokens.ts';
import { createJobTokens } from './job-token/job-tokens.ts';
import type { AuthenticateSettings, IssuerCore } from './settings.ts';
import { createVerificationCache } from './verification-cache.ts';

/**
 * What took time to learn: keys that were fetched, tokens that were found good. A reload takes it over where the settings
 * that it follows from are the same.
 */
export interface AuthenticatorResources {
  readonly issuers: ReusableResources<IssuerCore, Issuer>;
  readonly idTokens: KnownIdTokens;
  readonly jobTokens: IntrospectedTokens;
  readonly gitlabDeployTokens: IntrospectedTokens;
  readonly accessTokens: ReturnType<typeof createAccessTokens>;
  /** What these were verified with, and read by. */
  readonly keyring: AccessTokenPorts['keyring'];
  readonly urls: ReadonlyMap<string, string>;
}

export function createAuthenticatorResources(
  settings: AuthenticateSettings,
  ports: IntrospectedPorts & AccessTokenPorts,
  last: AuthenticatorResources | undefined,
): AuthenticatorResources {
  const issuers = reuse(
    last?.issuers,
    settings.issuers.map((issuer) => [issuer.name, coreOf(issuer)]),
    (core) => compileIssuer(core, ports.egress, ports),
  );
  const urls = issuerUrls(settings);
  const { keyring } = ports;
  // What another keyring has verified says nothing of the keys that count now.
  const known = last?.keyring === keyring && isDeepStrictEqual(last.urls, urls) ? last : undefined;
  return {
    issuers,
    idTokens:
      last === undefined
        ? createVerificationCache()
        : withoutTokensOf(missingFrom(last.issuers, issuers), last.idTokens),
    jobTokens: createJobTokens(settings.issuers, ports, last?.jobTokens),
    gitlabDeployTokens: createGitlabDeployTokens(settings.issuers, ports, last?.gitlabDeployTokens),
    accessTokens: known?.accessTokens ?? createAccessTokens(settings.server.publicUrl, urls, ports),
    keyring,
    urls,
  };
}

/** Whose credentials tokens are minted from, by their names in the configuration; `publicUrl` stands for our own. */
function issuerUrls({ issuers, server }: AuthenticateSettings): ReadonlyMap<string, string> {
  return new Map([
    ...issuers.map(({ name, issuer }) => [name, issuer] as const),
    [DEPLOY_TOKENS, server.publicUrl],
  ]);
}
