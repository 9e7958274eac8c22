import { isLoopback } from '../lib/listen-address.ts';
import type { Service } from './draft.ts';
import type { RuleContext } from './rule.ts';
import { publicPathProblem } from './rules-services.ts';

export function checkUpstreams(context: RuleContext): void {
  for (const { name, type, upstream } of context.draft.services) {
    const path = ['services', name, 'upstream'];
    const problem = upstreamUrlProblem(upstream.url);
    if (problem !== undefined) context.error([...path, 'url'], problem);
    for (const [index, origin] of upstream.redirectOrigins.entries()) {
      if (new URL(origin).origin === origin.replace(/\/$/, '')) continue;
      context.error([...path, 'redirectOrigins', index], `must be an origin: ${new URL(origin).origin}`);
    }
    for (const [index, alias] of upstream.aliases.entries()) {
      const wrong = upstreamUrlProblem(alias);
      if (wrong !== undefined) context.error([...path, 'aliases', index], wrong);
    }
    if (upstream.auth !== undefined) checkAuth(context, upstream.auth, [...path, 'auth'], type);
  }
}

function upstreamUrlProblem(url: string): string | undefined {
  if (!url.endsWith('/')) return 'must end in /, because its path replaces that of the service';
  const path = /^https?:\/\/[^/]+(\/.*)$/i.exec(url)?.[1] ?? '/';
  const problem = publicPathProblem(path);
  return problem === undefined ? undefined : `its path ${problem}`;
}

type Auth = NonNullable<Service['upstream']['auth']>;

const AUTH_KINDS = ['basic', 'bearer', 'header', 'registryToken', 'forwardCredential'] as const;

function checkAuth(context: RuleContext, auth: Auth, path: readonly string[], type: Service['type']): void {
  const { basic, bearer, header, registryToken } = auth;
  const given = AUTH_KINDS.filter((kind) => auth[kind] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? 'there is none' : `found ${given.join(' and ')}`;
    context.error(path, `must be exactly one of ${AUTH_KINDS.join(', ')}; ${found}`, 'key');
  }
  if (basic !== undefined) {
    checkSecret(context, [...path, 'basic'], 'password', basic.password, basic.passwordFile);
    checkUsername(context, [...path, 'basic'], basic.username);
  }
  if (registryToken !== undefined)
    checkRegistryToken(context, registryToken, [...path, 'registryToken'], type);
  if (bearer !== undefined)
    checkSecret(context, [...path, 'bearer'], 'token', bearer.token, bearer.tokenFile);
  if (header !== undefined)
    checkSecret(context, [...path, 'header'], 'value', header.value, header.valueFile);
}

/** RFC 7617 §2: the first colon ends the user-id. Control characters cannot stand in either. */
function checkUsername(context: RuleContext, path: readonly string[], username: string): void {
  if (/^[^:\p{Cc}]+$/u.test(username)) return;
  context.error([...path, 'username'], 'must not hold a colon or control characters (RFC 7617)');
}

function checkRegistryToken(
  context: RuleContext,
  { username, password, passwordFile, url }: NonNullable<Auth['registryToken']>,
  path: readonly string[],
  type: Service['type'],
): void {
  if (type !== 'oci') context.error(path, 'is for services of type oci', 'key');
  if (username === undefined) {
    if (password !== undefined || passwordFile !== undefined) {
      context.error(path, 'needs username beside the password', 'key');
    }
    return;
  }
  checkUsername(context, path, username);
  checkSecret(context, path, 'password', password, passwordFile);
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !isLoopback(hostname.replaceAll(/[[\]]/g, ''))) {
    context.error([...path, 'url'], 'must be https: the password travels to it');
  }
}

function checkSecret(
  context: RuleContext,
  path: readonly string[],
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

export function isHeaderText(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text) && text.trim() === text;
}
