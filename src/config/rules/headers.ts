import { REQUEST_HEADERS, type RequestHeaderGroup } from '../../core/headers/request-header-roles.ts';
import { foldLoosely } from '../../util/http/header-name.ts';
import { compileHeaderNames } from '../../util/http/header-names.ts';
import { claimNameProblem } from '../model/resource-pattern.ts';
import type { DraftService } from '../model/draft.ts';
import type { KeyPath } from '../problems/key-path.ts';
import type { RuleContext } from './rule.ts';

/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

export function checkIdentityHeaders(context: RuleContext): void {
  for (const service of context.draft.services) {
    const seen = new Map<string, string>();
    for (const [name, template] of Object.entries(service.identityHeaders)) {
      const path = ['services', service.name, 'identityHeaders', name];
      const other = seen.get(foldLoosely(name));
      const nameProblem =
        other === undefined
          ? identityHeaderProblem(name)
          : `many servers read it as the same header as ${other}; use one of the two names`;
      if (nameProblem !== undefined) context.error(path, nameProblem, 'key');
      const problem = templateProblem(template);
      if (problem !== undefined) context.error(path, problem);
      seen.set(foldLoosely(name), name);
    }
    checkCredentialHeaders(context, service);
  }
}

function checkCredentialHeaders(context: RuleContext, service: DraftService): void {
  const auth = service.upstream?.auth;
  const path = ['services', service.name, 'upstream', 'auth'];
  for (const [here, each] of [
    [path, auth] as const,
    ...Object.entries(auth?.perIdentity ?? {}).map(
      ([identity, entry]) => [[...path, 'perIdentity', identity], entry] as const,
    ),
  ]) {
    checkCredentialHeader(context, service, each?.header?.name, [...here, 'header', 'name']);
    checkCredentialHeader(context, service, each?.vault?.as.header, [...here, 'vault', 'as', 'header']);
  }
}

function checkCredentialHeader(
  context: RuleContext,
  service: DraftService,
  name: string | undefined,
  path: KeyPath,
): void {
  if (name === undefined) return;
  if (!TOKEN.test(name)) context.error(path, 'is not a header name (RFC 9110 §5.6.2)');
  else if (isSetByGateway(groupOf(foldLoosely(name)))) {
    context.error(path, 'is a header that the gateway itself sets; choose another name');
  }
  for (const header of Object.keys(service.identityHeaders)) {
    if (foldLoosely(header) !== foldLoosely(name)) continue;
    context.error(path, 'is also a name in the service’s identityHeaders; remove one of the two');
  }
}

function identityHeaderProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return 'is not a header name (RFC 9110 §5.6.2)';
  return canIdentify(groupOf(foldLoosely(name)))
    ? undefined
    : 'is a header that the gateway itself sets or removes; choose another name';
}

/** Whether `identityHeaders` can set the headers of a group. */
function canIdentify(group: RequestHeaderGroup | undefined): boolean {
  if (group === undefined) return true;
  switch (group.role) {
    case 'identity':
    case 'forwarded-user':
    case 'impersonation':
    case 'acting':
      return group.identityHeaders !== 'never';
    case 'framing':
    case 'credential':
    case 'cookie':
    case 'gateway':
    case 'forwarding':
    case 'method-override':
    case 'message':
      return false;
    default:
      return group.role satisfies never;
  }
}

function isSetByGateway(group: RequestHeaderGroup | undefined): boolean {
  return group?.role === 'framing' || group?.role === 'gateway' || group?.role === 'forwarded-user';
}

const groupOf = compileHeaderNames(REQUEST_HEADERS.map((group) => [group.names, group] as const));

const PLACEHOLDERS = ['identity', 'subject', 'issuer', 'roles', 'scopes'];

/** The problem of a template of `{identity}`, `{subject}`, `{issuer}`, `{claims.NAME}` and text, or undefined. */
export function templateProblem(template: string): string | undefined {
  if (template === '') return 'is empty';
  const rest = template.replaceAll(/\{([^{}]*)\}/g, (match, inside: string) => {
    if (PLACEHOLDERS.includes(inside)) return '';
    return inside.startsWith('claims.') && claimNameProblem(inside.slice(7)) === undefined ? '' : match;
  });
  if (/[{}]/.test(rest))
    return 'braces may contain only {identity}, {subject}, {issuer}, {roles}, {scopes} and {claims.NAME}';
  return /[\u0000-\u001f\u007f]/.test(rest) ? 'contains a control character' : undefined;
}
