import type { VaultField, VaultLogin, VaultSettings } from '../../../core/vault.ts';
import { vaultFields } from '../../model/vault-fields.ts';
import { claimNameProblem } from '../../model/resource-pattern.ts';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import type { RuleContext } from '../rule.ts';
import { ambiguityProblem } from './ambiguous-template.ts';
import { checkUsername, isPrivate } from './auth-values.ts';

type Auth = NonNullable<NonNullable<DraftService['upstream']>['auth']>;

/** The vault of the configuration, and the keys that take a secret from it. */
export function checkVault(context: RuleContext): void {
  const { vault } = context.draft;
  const fields = vaultFields(context.draft);
  if (vault !== undefined) {
    checkVaultServer(context, vault, ['vault']);
    if (fields.length === 0) context.warn(['vault'], 'is not used: no key takes a secret from it', 'key');
  }
  for (const { path, field } of fields) {
    if (vault === undefined) context.error(path, 'needs the top-level `vault`', 'key');
    const problem = /[{}]/.test(field.path) ? 'must not contain braces' : apiPathProblem(field.path);
    if (problem !== undefined) context.error([...path, 'path'], problem);
  }
}

/** A credential of an upstream from a vault. */
export function checkVaultCredential(
  context: RuleContext,
  vault: NonNullable<Auth['vault']>,
  path: KeyPath,
): void {
  checkVaultServer(context, vault, path);
  const problem = templateProblem(vault);
  if (problem !== undefined) context.error([...path, 'path'], problem);
  const { bearer, basic, header } = vault.as;
  const given = [bearer, basic, header].filter((each) => each !== undefined).length;
  if (given !== 1) context.error([...path, 'as'], 'must be exactly one of bearer, basic, header', 'key');
  if (basic !== undefined) checkUsername(context, [...path, 'as', 'basic'], basic.username);
}

function checkVaultServer(context: RuleContext, { address, namespace, auth }: VaultSettings, path: KeyPath) {
  if (!isPrivate(address))
    context.error([...path, 'address'], 'must be https: the login and the secrets travel over it');
  if (/\/v1\/?$/.test(address)) context.error([...path, 'address'], 'must not end in /v1');
  if (namespace !== undefined && !/^[\x21-\x7e]+$/.test(namespace))
    context.error([...path, 'namespace'], 'must be printable ASCII without spaces');
  checkLogin(context, auth, [...path, 'auth']);
}

function checkLogin(context: RuleContext, { jwt, kubernetes, tokenFile }: VaultLogin, path: KeyPath): void {
  if ([jwt, kubernetes, tokenFile].filter((each) => each !== undefined).length !== 1)
    context.error(path, 'must be exactly one of jwt, kubernetes, tokenFile', 'key');
  for (const [method, role] of [['jwt', jwt] as const, ['kubernetes', kubernetes] as const]) {
    const problem = role && apiPathProblem(role.mount);
    if (problem !== undefined) context.error([...path, method, 'mount'], problem);
  }
}

/** A path with `{identity}` and `{claims.NAME}`. */
function templateProblem({ path }: VaultField): string | undefined {
  const rest = path.replaceAll(/\{([^{}]*)\}/g, (match, inside: string) => {
    if (inside === 'identity') return 'x';
    return inside.startsWith('claims.') && claimNameProblem(inside.slice(7)) === undefined ? 'x' : match;
  });
  return /[{}]/.test(rest)
    ? 'braces may contain only {identity} and {claims.NAME}'
    : (apiPathProblem(rest) ?? ambiguityProblem(path));
}

/** The gateway percent-encodes each segment, so that the vault reads exactly this path. */
function apiPathProblem(path: string): string | undefined {
  if (/^\/?v1\//.test(path)) return 'is below /v1/: write it without v1/';
  const segments = path.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment)))
    return 'must not start or end with a slash, nor contain empty segments, "." or ".."';
  return /[\p{Cc}\\?#]/u.test(path) ? 'must not contain control characters, "\\", "?" or "#"' : undefined;
}
