import type { z } from 'zod';
import { isLoopback } from '../../../util/http/listen-address.ts';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { isHeaderText } from '../../schema/scalars.ts';
import { AUTH_KINDS, OWN_KINDS, type upstreamAuth } from '../../schema/upstream-auth.ts';
import type { RuleContext } from '../rule.ts';

type Auth = z.output<typeof upstreamAuth>;
type GatewayAuth = Pick<Auth, (typeof OWN_KINDS)[number]>;

export function checkUpstreamAuth(context: RuleContext): void {
  for (const { name, type, upstream } of context.draft.services) {
    if (upstream?.auth === undefined) continue;
    const { auth } = upstream;
    const path = ['services', name, 'upstream', 'auth'];
    checkOne(context, path, AUTH_KINDS, auth);
    checkOwn(context, auth, path, type);
    if (!isPrivate(upstream.url)) {
      const message =
        'is not encrypted, so the credential in `auth` can be read on the network; use https://';
      context.warn(['services', name, 'upstream', 'url'], message);
    }
    for (const [identity, entry] of Object.entries(auth.perIdentity ?? {})) {
      const here = [...path, 'perIdentity', identity];
      checkOne(context, here, OWN_KINDS, entry);
      checkOwn(context, entry, here, type);
    }
  }
}

function checkOne<K extends string>(
  context: RuleContext,
  path: KeyPath,
  kinds: readonly K[],
  auth: Readonly<Partial<Record<K, unknown>>>,
): void {
  const given = kinds.filter((kind) => auth[kind] !== undefined);
  if (given.length === 1) return;
  const found = given.length === 0 ? 'there is none' : `found ${given.join(' and ')}`;
  context.error(path, `must be exactly one of ${kinds.join(', ')}; ${found}`, 'key');
}

function checkOwn(context: RuleContext, auth: GatewayAuth, path: KeyPath, type: DraftService['type']): void {
  const { basic, bearer, header, oauth2, registryToken } = auth;
  if (basic !== undefined) {
    checkSecret(context, [...path, 'basic'], 'password', basic.password, basic.passwordFile);
    checkUsername(context, [...path, 'basic'], basic.username);
  }
  if (bearer !== undefined)
    checkSecret(context, [...path, 'bearer'], 'token', bearer.token, bearer.tokenFile);
  if (header !== undefined)
    checkSecret(context, [...path, 'header'], 'value', header.value, header.valueFile);
  if (oauth2 !== undefined) checkOAuth2(context, oauth2, [...path, 'oauth2']);
  if (registryToken !== undefined)
    checkRegistryToken(context, registryToken, [...path, 'registryToken'], type);
}

/** RFC 7617 §2: the first colon ends the user-id. Neither part may contain control characters. */
function checkUsername(context: RuleContext, path: KeyPath, username: string): void {
  if (/^[^:\p{Cc}]+$/u.test(username)) return;
  context.error([...path, 'username'], 'must not hold a colon or control characters (RFC 7617)');
}

function checkOAuth2(
  context: RuleContext,
  { tokenEndpoint, clientId, clientSecret, clientSecretFile, parameters }: NonNullable<Auth['oauth2']>,
  path: KeyPath,
): void {
  checkSecret(context, path, 'clientSecret', clientSecret, clientSecretFile);
  if (!isPrivate(tokenEndpoint))
    context.error([...path, 'tokenEndpoint'], 'must be https: the secret travels to it');
  if (!isHeaderText(clientId)) context.error([...path, 'clientId'], 'must be printable ASCII');
  for (const name of Object.keys(parameters)) {
    if (!OAUTH2_PARAMETERS.has(name)) continue;
    const where = [...path, 'parameters', name];
    context.error(where, 'is set by the gateway; `scope` and the client have keys of their own', 'key');
  }
}

const OAUTH2_PARAMETERS: ReadonlySet<string> = new Set(['grant_type', 'client_id', 'client_secret', 'scope']);

function checkRegistryToken(
  context: RuleContext,
  { username, password, passwordFile, url }: NonNullable<Auth['registryToken']>,
  path: KeyPath,
  type: DraftService['type'],
): void {
  if (type !== 'oci') context.error(path, 'is for services of type oci', 'key');
  if (username === undefined) {
    if (password !== undefined || passwordFile !== undefined) {
      context.error(path, 'needs username in addition to the password', 'key');
    }
    return;
  }
  checkUsername(context, path, username);
  checkSecret(context, path, 'password', password, passwordFile);
  if (!isPrivate(url)) context.error([...path, 'url'], 'must be https: the password travels to it');
}

/** Whether the connection is encrypted or local. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || isLoopback(hostname.replaceAll(/[[\]]/g, ''));
}

function checkSecret(
  context: RuleContext,
  path: KeyPath,
  key: string,
  value: string | undefined,
  file: string | undefined,
): void {
  if (value === undefined && file === undefined) {
    context.error(path, `needs ${key} or ${key}File`, 'key');
  } else if (value !== undefined && file !== undefined) {
    context.error([...path, key], `give either ${key} or ${key}File, not both`, 'key');
  }
  if (value !== undefined && !isHeaderText(value)) {
    context.error([...path, key], 'must be printable ASCII without spaces around it: it goes into a header');
  }
}
