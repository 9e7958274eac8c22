import type { Authenticator } from '../../credentials/index.ts';
import type { Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import type { PresentedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import type { Keyring } from '../../core/credentials/keyring.ts';
import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import type { Clock, Log } from '../../core/ports.ts';
import type { Revocations } from '../../core/credentials/revocation.ts';
import type { Store } from '../../core/store.ts';
import type { IssueTokenPorts, Mint, RevokeTokenPorts, Target } from '../../token-service/index.ts';
import { createCredentialFromText, type TokenClassSettings } from '../../credentials/index.ts';
import { refuseRevoked, type RateLimitedVerify } from '../../gateway/index.ts';

/** The components that built-in endpoints use. */
export interface EndpointPorts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly revocations: Revocations;
  readonly verifyCredential: RateLimitedVerify;
  readonly mint: Mint;
  readonly keyring: Keyring;
  readonly store: Pick<Store, 'claim' | 'bind'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** The settings that determine the class of a token. */
export function tokenClassSettings({ deployTokens, issuers, server }: Config): TokenClassSettings {
  return {
    deployUsernames: new Set(deployTokens.map(({ username }) => username)),
    gitlabDeployTokens: issuers.some((issuer) => issuer.deployTokens !== undefined),
    publicUrl: server.publicUrl,
  };
}

/** Returns a function that classifies a token from a form parameter. */
export function credentialFromBody(
  settings: TokenClassSettings,
): (token: string, username?: string) => PresentedCredential | Deny {
  const present = createCredentialFromText(settings);
  return (token, username) => present({ credentialSource: 'form', token, username, isJobToken: false });
}

/** The components that every endpoint which issues tokens uses. */
export function issueTokenPorts(
  { issuers }: Config,
  { authenticator, revocations, mint, store, clock }: EndpointPorts,
): IssueTokenPorts {
  return {
    refuseRevoked: (credential, caller) => refuseRevoked(revocations, credential, caller),
    refuseEnded: authenticator.refuseEnded,
    mint,
    store,
    clock,
    once: new Set(issuers.flatMap(({ name, replay }) => (replay === 'once' ? [name] : []))),
  };
}

/** Applies the limit of failed attempts to `verify`. */
export function verifyBy(
  { verifyCredential }: Pick<EndpointPorts, 'verifyCredential'>,
  verify: Parameters<RateLimitedVerify>[0],
): Target['verifyCredential'] {
  return (presented, from) => verifyCredential(verify, presented, from);
}

/** The components that every endpoint which revokes tokens uses. */
export function revokeTokenPorts(
  { issuers }: Config,
  { revocations }: Pick<EndpointPorts, 'revocations'>,
): RevokeTokenPorts {
  return {
    revocations,
    holderClaims: new Map(issuers.map(({ name, type }) => [name, ISSUER_PRESETS[type].holder])),
  };
}
