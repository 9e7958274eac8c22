import type { Config } from '../../config/index.ts';
import type { AssumedCredential, ExchangedCredential } from '../../core/credentials/assumed-credential.ts';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import type { Deny } from '../../core/decision.ts';
import { DEPLOY_TOKENS, deployTokenCredential } from '../../core/credentials/deploy-token.ts';
import { GatehouseError } from '../../core/errors.ts';

/** Returns the credential that an operator declares as verified. Throws `usage` for an unknown name. */
export function assumeVerified(
  config: Config,
  credential: Exclude<AssumedCredential, ExchangedCredential>,
): VerifiedCredential | undefined {
  switch (credential.kind) {
    case 'none':
      return undefined;
    case 'claims': {
      const { issuer } = findByName(config.issuers, credential.issuer, '--issuer');
      const { sub } = credential.claims;
      return {
        class: credential.class,
        issuer: credential.issuer,
        issuerUrl: issuer,
        subject: typeof sub === 'string' ? sub : '',
        jti: undefined,
        tokenHash: '',
        expiresAt: Infinity,
        claims: credential.claims,
      };
    }
    case 'deploy-token': {
      const token = findByName(config.deployTokens, credential.name, '--deploy-token');
      return deployTokenCredential(token, config.server.publicUrl);
    }
    default:
      return credential satisfies never;
  }
}

/** Checks the issuer, the credential class and the expiry, as authentication does. */
export function refuseUntrusted(
  config: Config,
  service: string,
  { class: kind, issuer, expiresAt }: VerifiedCredential,
): Pick<Deny, 'reason' | 'detail'> | undefined {
  const trusted = config.services.find(({ name }) => name === service)?.issuers;
  if (issuer !== DEPLOY_TOKENS && trusted?.includes(issuer) === false) {
    return { reason: 'issuer_unknown', detail: `service ${service} does not trust issuer ${issuer}` };
  }
  const settings = config.issuers.find(({ name }) => name === issuer);
  if (kind === 'job_token' && settings?.jobTokens === undefined) {
    return { reason: 'credential_invalid', detail: `issuer ${issuer} does not accept job tokens` };
  }
  if (kind === 'deploy_token' && issuer !== DEPLOY_TOKENS && settings?.deployTokens === undefined) {
    return { reason: 'credential_invalid', detail: `issuer ${issuer} does not accept GitLab deploy tokens` };
  }
  if (expiresAt <= Date.now()) return { reason: 'token_expired', detail: 'the credential has expired' };
  return undefined;
}

function findByName<T extends { readonly name: string }>(
  entries: readonly T[],
  name: string,
  option: string,
): T {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry !== undefined) return entry;
  const known = entries.map((candidate) => candidate.name).join(', ');
  throw new GatehouseError(
    'usage',
    `${option} ${name} is not in the configuration; ${known === '' ? 'it has none' : `use one of: ${known}`}`,
  );
}
