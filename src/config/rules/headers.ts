import { foldHeaderName } from '../../util/http/header-name.ts';
import type { DraftService } from '../model/draft.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { claimNameProblem } from '../model/resource-pattern.ts';
import type { RuleContext } from './rule.ts';

/** RFC 9110 §5.6.2. */
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

export function checkIdentityHeaders(context: RuleContext): void {
  for (const service of context.draft.services) {
    const seen = new Map<string, string>();
    for (const [name, template] of Object.entries(service.identityHeaders)) {
      const path = ['services', service.name, 'identityHeaders', name];
      const other = seen.get(foldHeaderName(name));
      const nameProblem =
        other === undefined
          ? identityHeaderProblem(name)
          : `many servers read it as the same header as ${other}`;
      if (nameProblem !== undefined) context.error(path, nameProblem, 'key');
      const problem = templateProblem(template);
      if (problem !== undefined) context.error(path, problem);
      seen.set(foldHeaderName(name), name);
    }
    checkCredentialHeaders(context, service);
  }
}

/** Of the service's credential, and of each that `perIdentity` has. */
function checkCredentialHeaders(context: RuleContext, service: DraftService): void {
  const { auth } = service.upstream;
  const path = ['services', service.name, 'upstream', 'auth'];
  checkCredentialHeader(context, service, auth?.header?.name, path);
  for (const [identity, { header }] of Object.entries(auth?.perIdentity ?? {})) {
    checkCredentialHeader(context, service, header?.name, [...path, 'perIdentity', identity]);
  }
}

function checkCredentialHeader(
  context: RuleContext,
  service: DraftService,
  name: string | undefined,
  auth: KeyPath,
): void {
  if (name === undefined) return;
  const path = [...auth, 'header', 'name'];
  if (!TOKEN.test(name)) context.error(path, 'is not a header name (RFC 9110 §5.6.2)');
  else if (
    isFraming(foldHeaderName(name)) ||
    /^x-(auth|forwarded)-|^forwarded$|^x-request-id$/.test(foldHeaderName(name))
  ) {
    context.error(path, 'is a header that the gateway itself sets');
  }
  for (const header of Object.keys(service.identityHeaders)) {
    if (foldHeaderName(header) !== foldHeaderName(name)) continue;
    context.error(path, `is one of the service’s identityHeaders too`);
  }
}

function identityHeaderProblem(name: string): string | undefined {
  if (!TOKEN.test(name)) return 'is not a header name (RFC 9110 §5.6.2)';
  const folded = foldHeaderName(name);
  if (ABOUT_USERS.has(folded)) return undefined;
  if (!isFraming(folded) && !RESERVED.has(folded) && !RESERVED_PREFIX.test(folded)) return undefined;
  return 'is a header that the gateway itself sets or removes; choose another name';
}

/** What belongs to the connection and the message (RFC 9110 §7.6.1, RFC 9112 §6): never a policy's to set. */
function isFraming(folded: string): boolean {
  return FRAMING.has(folded);
}

const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names under X-Forwarded- that say who calls, not where from: services may set them. */
const ABOUT_USERS: ReadonlySet<string> = new Set([
  'x-forwarded-user',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
]);

const RESERVED: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'deploy-token',
  'forwarded',
  'job-token',
  'private-token',
  'referer',
  'set-cookie',
  'sudo',
  'via',
  'www-authenticate',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-nuget-apikey',
  'x-request-id',
]);

const RESERVED_PREFIX =
  /^(content-|if-|impersonate-|proxy-|sec-|x-auth-|x-envoy-|x-forwarded-|x-original-|x-rewrite-|access-control-)/;

const PLACEHOLDERS = ['identity', 'subject', 'issuer'];

/** What is wrong with the text that makes an identity header's value, or undefined. */
function templateProblem(template: string): string | undefined {
  if (template === '') return 'is empty';
  const rest = template.replaceAll(/\{([^{}]*)\}/g, (match, inside: string) => {
    if (PLACEHOLDERS.includes(inside)) return '';
    return inside.startsWith('claims.') && claimNameProblem(inside.slice(7)) === undefined ? '' : match;
  });
  if (/[{}]/.test(rest)) return 'only {identity}, {subject}, {issuer} and {claims.NAME} can stand in braces';
  return /[\u0000-\u001f\u007f]/.test(rest) ? 'holds a control character' : undefined;
}
