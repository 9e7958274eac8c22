import type { PresentedCredential } from '../core/credentials/credential.ts';
import { DEPLOY_SECRET_PREFIX } from '../core/credentials/deploy-token.ts';
import type { Clock } from '../core/ports.ts';
import type { ClientFacts } from '../core/request/incoming.ts';
import { createSourceCheck } from './access-token/source-check.ts';
import { acceptedAudiences, compileSourceRules } from './access-token/source-rules.ts';
import type { Authentication, ServiceAuthenticator } from './authentication.ts';
import { compileTrust } from './compile-issuers.ts';
import type { CompiledIssuer, Trust } from './compile-issuers.ts';
import { createDeployTokens } from './deploy-token/deploy-tokens.ts';
import type { VerifyIdToken } from './id-token/id-tokens.ts';
import { pickIntrospected } from './introspection/introspected-tokens.ts';
import type { AuthenticatorResources } from './reusable-verifiers.ts';
import type { AuthenticateSettings, ServiceSettings } from './settings.ts';

/** What a service accepts, per credential class. */
export interface ServiceTrust {
  readonly idTokens: Trust;
  readonly jobTokens: ServiceAuthenticator;
  readonly gitlabDeployTokens: ServiceAuthenticator;
  readonly accessTokens: ServiceAuthenticator;
}

/** Creates the function that compiles what a service accepts; without a service, all issuers are accepted. */
export function createTrustCompiler(
  settings: AuthenticateSettings,
  compiled: readonly CompiledIssuer[],
  { jobTokens, gitlabDeployTokens, accessTokens }: AuthenticatorResources,
): (service?: ServiceSettings) => ServiceTrust {
  const issuers = compiled.map(({ issuer }) => issuer);
  const sourceRules = compileSourceRules(settings, issuers);

  return (service) => {
    const idTokens = compileTrust(compiled, service);
    const audiences = acceptedAudiences(idTokens, issuers, service);
    return {
      idTokens,
      jobTokens: pickIntrospected(jobTokens, 'job tokens', service),
      gitlabDeployTokens: pickIntrospected(gitlabDeployTokens, 'GitLab deploy tokens', service),
      accessTokens: accessTokens.forService(service, createSourceCheck(sourceRules, audiences)),
    };
  };
}

/** Authenticates a credential for a service. */
export type Authenticate = (
  presented: PresentedCredential,
  trust: ServiceTrust,
  host: string | undefined,
  client?: ClientFacts,
) => Authentication | Promise<Authentication>;

/** Creates the function that authenticates each credential with the verifier of its class. */
export function createClassDispatch(
  { deployTokens, server }: AuthenticateSettings,
  verifyIdToken: VerifyIdToken,
  clock: Clock,
): Authenticate {
  const usernames = new Set(deployTokens.map(({ username }) => username));
  const isConfiguredDeployToken = ({ token, username }: PresentedCredential): boolean =>
    token.startsWith(DEPLOY_SECRET_PREFIX) || (username !== undefined && usernames.has(username));
  const verifyDeployToken = createDeployTokens(deployTokens, server.publicUrl, clock);

  return (presented, trust, host, client) => {
    switch (presented.class) {
      case 'id_token':
        return verifyIdToken(presented, trust.idTokens);
      case 'job_token':
        return trust.jobTokens(presented, host, client);
      case 'deploy_token':
        return isConfiguredDeployToken(presented)
          ? verifyDeployToken(presented)
          : trust.gitlabDeployTokens(presented, host, client);
      case 'access_token':
        return trust.accessTokens(presented, host);
      default:
        return presented.class satisfies never;
    }
  };
}
