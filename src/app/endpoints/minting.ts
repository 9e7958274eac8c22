import type { Authorizer } from '../../policy/index.ts';
import type { Config } from '../../config/index.ts';
import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import { LIVENESS, isLivenessType } from '../../core/issuers/liveness.ts';
import { credentialTemplates } from '../../proxy/index.ts';
import type { MintSettings } from '../../token-service/index.ts';

/** Collects the claims that minted tokens repeat, and the token lifetimes. */
export function mintSettings(
  { server, identities, services, issuers }: Config,
  { claimsUsed }: Authorizer,
): MintSettings {
  const claims = new Set(claimsUsed);
  const templates = services.flatMap(({ identityHeaders, upstream }) => [
    ...Object.values(identityHeaders),
    ...credentialTemplates(upstream?.auth),
  ]);
  for (const template of templates) {
    for (const [, claim = ''] of template.matchAll(/\{claims\.([^}]+)\}/g)) claims.add(claim);
  }
  const revocable = ['project_path', 'project_id', 'repository', 'repository_id'];
  const traced = issuers.flatMap(({ type }) => Object.values(ISSUER_PRESETS[type].trace));
  const holders = issuers.flatMap(({ type }) => ISSUER_PRESETS[type].holder);
  const checked = issuers.flatMap(({ type, liveness }) =>
    liveness !== undefined && isLivenessType(type) ? LIVENESS[type].claims : [],
  );
  for (const claim of [...revocable, ...traced, ...holders, ...checked]) claims.add(claim);
  const lifetimes = identities.flatMap(({ name, tokenLifetime }) =>
    tokenLifetime === undefined ? [] : [[name, tokenLifetime] as const],
  );
  return { publicUrl: server.publicUrl, lifetimes: new Map(lifetimes), claims };
}
