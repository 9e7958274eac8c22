import type { DraftService } from '../../model/draft.ts';
import type { KeyPath } from '../../problems/key-path.ts';
import { operationPathProblem } from '../../model/resource-pattern.ts';
import { checkReference, type RuleContext } from '../rule.ts';

export function checkServices(context: RuleContext): void {
  const routes = new Map<string, string>();
  for (const service of context.draft.services) {
    const path = ['services', service.name];
    const pathProblem = publicPathProblem(service.path);
    if (pathProblem !== undefined) context.error([...path, 'path'], pathProblem);
    checkHosts(context, service, path);
    checkRoute(context, service, routes);
    checkIssuers(context, service, path);
    if (service.type === 'http') checkOperations(context, service, path);
    if (service.type === 'go' && service.deny === 'conceal') {
      context.error(
        [...path, 'deny'],
        'must be reveal: after 404, `go` requests the module from the next proxy',
      );
    }
    if (service.mode === 'shadow') {
      context.warn(
        [...path, 'mode'],
        'policy is not enforced: denied requests are forwarded without identity headers',
      );
    }
  }
}

/** The listener normalizes request paths; a prefix that is not normalized would never match. */
export function publicPathProblem(path: string): string | undefined {
  if (!path.startsWith('/') || !path.endsWith('/')) return 'must start and end with /';
  if (path.includes('//')) return 'must not have empty segments';
  if (/\/\.{1,2}\//.test(path)) return 'must not have dot segments';
  const invalid = /[^A-Za-z0-9\-._~!$&'()*,=:@/]/u.exec(path)?.[0];
  return invalid === undefined ? undefined : `must not contain "${invalid}", which has several encodings`;
}

function checkHosts(context: RuleContext, { hosts }: DraftService, path: KeyPath): void {
  const seen = new Set<string>();
  for (const [index, host] of (hosts ?? []).entries()) {
    const problem = seen.has(host) ? 'is given twice' : hostProblem(host);
    if (problem !== undefined) context.error([...path, 'hosts', index], problem);
    seen.add(host);
  }
}

function hostProblem(host: string): string | undefined {
  if (host !== host.toLowerCase()) return 'must be lowercase';
  if (host.includes('*')) return 'wildcards are not supported; name each host';
  if (host.includes('/')) return 'must be a host such as api.example.com, without scheme and path';
  const [, name = '', port] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d{1,5}))?$/.exec(host) ?? [];
  const valid = name.startsWith('[')
    ? URL.canParse(`http://${name}/`)
    : name.length <= 253 &&
      name.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
  const portValid = port === undefined || (Number(port) >= 1 && Number(port) <= 65_535);
  return valid && portValid ? undefined : 'must be a host such as api.example.com or api.example.com:8443';
}

/** `routes`: host and path → service name. */
function checkRoute(context: RuleContext, service: DraftService, routes: Map<string, string>): void {
  for (const host of service.hosts ?? ['']) {
    const route = `${host} ${service.path}`;
    const other = routes.get(route);
    if (other === undefined || other === service.name) {
      routes.set(route, service.name);
      continue;
    }
    const at = host === '' ? `path ${service.path}` : `host ${host} and path ${service.path}`;
    const key = service.type === 'oci' ? 'repositoryPrefix' : 'path';
    const advice = `set another ${key}, or other hosts`;
    const message = `service "${other}" already uses ${at} (${context.where(['services', other])}); ${advice}`;
    context.error(['services', service.name, 'path'], message);
  }
}

function checkIssuers(context: RuleContext, { issuers }: DraftService, path: KeyPath): void {
  for (const [index, issuer] of (issuers ?? []).entries()) {
    checkReference(context, [...path, 'issuers', index], 'issuers', issuer);
  }
}

/** RFC 9110 §5.6.2 `token`, uppercase like all registered methods (§9.1: methods are case-sensitive). */
const METHOD = /^[A-Z0-9!#$%&'+\-.^_`|~]+$/;
/** RFC 6749 §3.3 `scope-token`. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

type HttpService = Extract<DraftService, { type: 'http' }>;

function checkOperations(context: RuleContext, { operations, webSockets }: HttpService, path: KeyPath): void {
  if (operations?.length === 0) {
    context.error(
      [...path, 'operations'],
      'is empty: every request would be denied; leave it out for the default',
    );
  }
  for (const [index, { scope, methods, paths, webSocket }] of (operations ?? []).entries()) {
    const operationPath = [...path, 'operations', index];
    if (webSocket && !methods.includes('GET')) {
      context.error(
        [...operationPath, 'webSocket'],
        'has no effect: a WebSocket handshake is a GET, add it to methods',
      );
    } else if (webSocket && webSockets === false) {
      context.warn([...operationPath, 'webSocket'], 'has no effect: the service sets webSockets: false');
    }
    if (!SCOPE.test(scope)) {
      context.error(
        [...operationPath, 'scope'],
        'must be printable ASCII without spaces, quotes and backslashes',
      );
    }
    for (const [position, method] of methods.entries()) {
      const problem = methodProblem(method);
      if (problem !== undefined) context.error([...operationPath, 'methods', position], problem);
    }
    for (const [position, pattern] of (paths ?? []).entries()) {
      const problem = operationPathProblem(pattern);
      if (problem !== undefined) context.error([...operationPath, 'paths', position], problem);
    }
  }
}

function methodProblem(method: string): string | undefined {
  if (method === '*') return 'name each method: GET, POST, …';
  if (method === 'CONNECT' || method === 'TRACE') return `${method} is never forwarded`;
  if (METHOD.test(method)) return undefined;
  return METHOD.test(method.toUpperCase())
    ? `must be uppercase: ${method.toUpperCase()}`
    : 'is not an HTTP method';
}
