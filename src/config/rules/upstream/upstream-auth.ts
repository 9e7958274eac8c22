import type { z } from 'zod';
import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { AUTH_KINDS, OWN_KINDS, type upstreamAuth } from '../../schema/upstream-auth.ts';
import type { RuleContext } from '../rule.ts';
import { secretKeys } from '../secret-keys.ts';
import { checkAws } from './aws.ts';
import { checkSecret, checkUsername, isPrivate } from './auth-values.ts';
import { checkGithubApp } from './github-app.ts';
import { checkTokenEndpoint, requireClientAuthentication } from './token-endpoint.ts';
import { checkTokenExchange } from './token-exchange.ts';
import { checkVaultCredential } from './vault.ts';

type Auth = z.output<typeof upstreamAuth>;
type GatewayAuth = Pick<Auth, (typeof OWN_KINDS)[number]>;

export function checkUpstreamAuth(context: RuleContext): void {
  for (const service of context.draft.services) {
    const { name, upstream, keepCookies } = service;
    if (upstream?.auth === undefined) continue;
    const { auth } = upstream;
    const path = ['services', name, 'upstream', 'auth'];
    checkOne(context, path, AUTH_KINDS, auth);
    checkOwn(context, auth, path, service);
    if (!isPrivate(upstream.url)) {
      const message =
        'is not encrypted, so the credential in `auth` can be read on the network; use https://';
      context.warn(['services', name, 'upstream', 'url'], message);
    }
    if (keepCookies) {
      const message =
        'forwards Set-Cookie to the clients, so they get the session that the upstream starts for the account in `upstream.auth`; remove it, unless the upstream starts no session and is reachable from the gateway only';
      context.warn(['services', name, 'keepCookies'], message);
    }
    for (const [identity, entry] of Object.entries(auth.perIdentity ?? {})) {
      const here = [...path, 'perIdentity', identity];
      checkOne(context, here, OWN_KINDS, entry);
      checkOwn(context, entry, here, service);
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

function checkOwn(context: RuleContext, auth: GatewayAuth, path: KeyPath, service: DraftService): void {
  const { basic, bearer, header, oauth2, tokenExchange, registryToken, githubApp, aws, vault, conanToken } =
    auth;
  if (basic !== undefined) {
    checkSecret(context, [...path, 'basic'], 'password', basic);
    checkUsername(context, [...path, 'basic'], basic.username);
  }
  if (bearer !== undefined) checkSecret(context, [...path, 'bearer'], 'token', bearer);
  if (header !== undefined) checkSecret(context, [...path, 'header'], 'value', header);
  if (oauth2 !== undefined) {
    requireClientAuthentication(context, oauth2, [...path, 'oauth2']);
    checkTokenEndpoint(context, oauth2, [...path, 'oauth2']);
  }
  if (tokenExchange !== undefined)
    checkTokenExchange(context, tokenExchange, [...path, 'tokenExchange'], service);
  if (registryToken !== undefined)
    checkRegistryToken(context, registryToken, [...path, 'registryToken'], service.type);
  if (githubApp !== undefined) checkGithubApp(context, githubApp, [...path, 'githubApp'], service.type);
  if (aws !== undefined) checkAws(context, aws, [...path, 'aws'], service.type);
  if (vault !== undefined) checkVaultCredential(context, vault, [...path, 'vault']);
  if (conanToken !== undefined) checkConanToken(context, conanToken, [...path, 'conanToken'], service.type);
}

function checkRegistryToken(
  context: RuleContext,
  registryToken: NonNullable<Auth['registryToken']>,
  path: KeyPath,
  type: DraftService['type'],
): void {
  const { username, url } = registryToken;
  if (type !== 'oci') context.error(path, 'is for services of type oci', 'key');
  if (username === undefined) {
    if (secretKeys('password', registryToken).length > 0) {
      context.error(path, 'needs username in addition to the password', 'key');
    }
    return;
  }
  checkUsername(context, path, username);
  checkSecret(context, path, 'password', registryToken);
  if (!isPrivate(url)) context.error([...path, 'url'], 'must be https: the password travels to it');
}

function checkConanToken(
  context: RuleContext,
  conanToken: NonNullable<Auth['conanToken']>,
  path: KeyPath,
  type: DraftService['type'],
): void {
  if (type !== 'conan') context.error(path, 'is for services of type conan', 'key');
  checkUsername(context, path, conanToken.username);
  checkSecret(context, path, 'password', conanToken);
  if (!isPrivate(conanToken.url))
    context.error([...path, 'url'], 'must be https: the password travels to it');
}
