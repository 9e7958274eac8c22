import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny } from '../../core/decision.ts';
import { DEPLOY_TOKENS } from '../../core/credentials/deploy-token.ts';
import { DEFAULT_TOKEN_LIFETIME, UNMATCHED_IDENTITY } from '../../core/credentials/minted-token.ts';
import { ACCESS_TOKEN_EXPIRED, audienceMismatch, DEPLOY_TOKEN_EXPIRED } from '../../core/refusal-messages.ts';
import { quoted } from '../../util/text/quoted.ts';
import { checkExpiry } from '../id-token/check-claims.ts';
import type { MintedToken } from './minted-payload.ts';
import type { AcceptedAudiences, SourceRules } from './source-rules.ts';

/**
 * Checks whether the configuration still accepts the source of a minted token. Runs at every use, also for
 * cached tokens, so that a reload applies to tokens issued before it.
 */
export type SourceCheck = (token: MintedToken, now: number) => Deny | undefined;

/** Creates the check for the accepted audiences of one service, or of all issuers. */
export function createSourceCheck(
  rules: SourceRules,
  { presented, publishing }: AcceptedAudiences,
): SourceCheck {
  function checkSource(verified: VerifiedCredential, now: number): Deny | undefined {
    const { issuer, minted } = verified;
    if (minted === undefined) return deny('credential_malformed', 'not a minted token');
    switch (minted.source.class) {
      case 'access_token':
        // An anonymous token has no source credential.
        return undefined;
      case 'id_token':
        return checkIdToken(verified);
      case 'job_token':
        return rules.issuers.get(issuer)?.acceptsJobTokens === true
          ? checkSettings(verified, 'introspected')
          : notAccepted(issuer, 'job tokens');
      case 'deploy_token':
        if (issuer === DEPLOY_TOKENS) return checkDeployToken(rules, verified, now);
        return rules.issuers.get(issuer)?.acceptsDeployTokens === true
          ? checkSettings(verified, 'introspected')
          : notAccepted(issuer, 'GitLab deploy tokens');
      default:
        return minted.source.class satisfies never;
    }
  }

  function checkIdToken(verified: VerifiedCredential): Deny | undefined {
    const { issuer, audiences = [], minted } = verified;
    let accepted = minted?.publishing === true ? publishing : presented;
    if (minted?.workload !== undefined) {
      const workload = rules.workloads.get(minted.workload);
      const same = minted.identity === workload?.identity || minted.identity === UNMATCHED_IDENTITY;
      if (workload === undefined || !same || !workload.accepted.has(issuer)) {
        const name = quoted(minted.workload);
        return deny(
          'revoked',
          `workload identity ${name} was removed, or now has another identity or issuer`,
        );
      }
      accepted = workload.accepted;
    }
    const changed = checkSettings(verified, 'idTokens');
    if (changed !== undefined) return changed;
    const values = accepted.get(issuer);
    for (const audience of audiences) if (values?.has(audience) === true) return undefined;
    const aud = quoted(audiences.join(' '));
    return {
      ...deny('audience_mismatch', `aud ${aud} of the source ID token is not accepted here`),
      message: audienceMismatch(values),
    };
  }

  function checkSettings(
    { issuer, settingsHash }: VerifiedCredential,
    kind: 'idTokens' | 'introspected',
  ): Deny | undefined {
    return settingsHash === rules.issuers.get(issuer)?.[kind]
      ? undefined
      : deny('issuer_unknown', `the settings of issuer ${issuer} have changed since the token was minted`);
  }

  return function check({ verified, issuedAt }, now) {
    const lifetime = rules.lifetimes.get(verified.minted?.identity ?? '') ?? DEFAULT_TOKEN_LIFETIME;
    return checkTokenExpiry(issuedAt + lifetime, now) ?? checkSource(verified, now);
  };
}

/** The expiry of a minted token. */
export function checkTokenExpiry(expiresAt: number, now: number): Deny | undefined {
  const expired = checkExpiry(expiresAt, now);
  return expired && { ...expired, message: ACCESS_TOKEN_EXPIRED };
}

function checkDeployToken(
  { deployTokens }: SourceRules,
  { subject, minted }: VerifiedCredential,
  now: number,
): Deny | undefined {
  const token = deployTokens.get(subject);
  // The token hash of a deploy token is its `secretHash`.
  if (token === undefined || token.tokenHash !== minted?.source.tokenHash) {
    return deny('revoked', `deploy token ${subject} was removed, or has a new secret`);
  }
  return (
    checkExpiry(token.expiresAt, now) && {
      ...deny('token_expired', `deploy token ${subject} has expired`),
      message: DEPLOY_TOKEN_EXPIRED,
    }
  );
}

function notAccepted(issuer: string, credentials: string): Deny {
  return deny('issuer_unknown', `issuer ${issuer} of the source no longer accepts ${credentials}`);
}
