import { ISSUER_PRESETS } from '../../../core/issuers/issuer-presets.ts';
import type { DraftIssuer } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';

/** Issuers of JWT-SVIDs. */
export function checkTrustDomains(context: RuleContext): void {
  const owners = new Map<string, string>();
  for (const issuer of context.draft.issuers) {
    if (ISSUER_PRESETS[issuer.type].tokenForm !== 'jwt_svid') continue;
    const path = ['issuers', issuer.name];
    checkSvid(context, issuer, path);
    checkBundle(context, issuer, path, owners);
  }
}

/** JWT-SVIDs have no discovery document and no other types. */
function checkSvid(context: RuleContext, issuer: DraftIssuer, path: KeyPath): void {
  if (issuer.jwksUri === undefined && issuer.jwksFile === undefined) {
    context.error(
      path,
      'needs jwksUri, the URL of the bundle endpoint, or jwksFile, a copy of the bundle',
      'key',
    );
  }
  if (issuer.tokenTypes === undefined) return;
  context.error(
    [...path, 'tokenTypes'],
    'has no effect: JWT-SVIDs have the type JWT or JOSE; remove it',
    'key',
  );
}

/**
 * A bundle does not name its trust domain, so that only the configuration binds them (SPIFFE Federation §7.3): with one
 * bundle for two trust domains, either could sign SVIDs of the other.
 */
function checkBundle(
  context: RuleContext,
  { name, jwksUri, jwksFile }: DraftIssuer,
  path: KeyPath,
  owners: Map<string, string>,
): void {
  const bundle = jwksUri ?? jwksFile;
  if (bundle === undefined) return;
  const key = jwksUri === undefined ? 'jwksFile' : 'jwksUri';
  const owner = owners.get(bundle);
  if (owner !== undefined) {
    const where = context.where(['issuers', owner]);
    const message = `is the bundle of "${owner}" too (${where}); each trust domain has its own, else one could sign SVIDs of the other`;
    context.error([...path, key], message);
  }
  owners.set(bundle, name);
}
