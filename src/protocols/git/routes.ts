import { deny, type Deny } from '../../core/decision.ts';
import type { Classification } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { parameterName, queryParts } from '../../util/http/query-parameters.ts';
import { classifyLfs } from './lfs.ts';
import { repositoryOf } from './names.ts';
import { READ_REPOSITORY, repositoryOperation, WRITE_REPOSITORY } from './operations.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';

const SCOPES: ReadonlyMap<string, string> = new Map([
  ['git-upload-pack', READ_REPOSITORY],
  ['git-receive-pack', WRITE_REPOSITORY],
]);

/**
 * The smart HTTP protocol (gitprotocol-http) and Git LFS below `rest`, which follows the service's prefix. The dumb protocol, which
 * hands out files one by one, is none of it.
 */
export function classifyGit(head: RequestHead, rest: string): Classification {
  if (rest.includes('%')) return deny('path_ambiguous', 'an escape in the path of a repository');
  if (isRead(head.method) && head.hasBody) return bodyOnRead();
  const lfs = classifyLfs(head, rest);
  if (lfs !== undefined) return lfs;
  const [, path = '', route] = /^(.+)\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(rest) ?? [];
  if (route === undefined) return unknownOperation('no route of Git’s smart protocol');
  const repository = repositoryOf(path);
  if (repository === undefined) return unknownOperation('no name of a repository');
  const service = route === 'info/refs' ? readService(head.query) : route;
  if (service === undefined) return unknownOperation('info/refs of the dumb protocol');
  const scope = SCOPES.get(service);
  if (scope === undefined)
    return deny('request_malformed', 'a service that is given twice, or that nobody knows');
  const fits = route === 'info/refs' ? isRead(head.method) : head.method === 'POST';
  if (!fits) return unknownOperation(`${head.method} on ${route}`);
  return { kind: 'operations', operations: [repositoryOperation(scope, repository)] };
}

/** Rack takes parameters from the body of any method: a service, a second project. */
export function bodyOnRead(): Deny {
  return deny('request_malformed', 'a body of a request that reads');
}

/** What `info/refs` is asked about: once, in the one spelling. Empty where servers could read two things; undefined where it is not services. */
function readService(query: string): string | undefined {
  const services = queryParts(query).filter(({ text }) => parameterName(text) === 'service');
  if (services.length === 0) return undefined;
  return services.length === 1 ? (/^service=([a-z-]+)$/.exec(services[0]?.text ?? '')?.[1] ?? '') : '';
}
