import { deny } from '../../core/decision.ts';
import type { Classification } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { parameterName, queryParts } from '../../util/http/query-parameters.ts';
import { classifyLfs } from './lfs.ts';
import { repositoryOf } from './names.ts';
import { watchPushOptions } from './push-options.ts';
import { READ_REPOSITORY, repositoryOperation, WRITE_REPOSITORY } from './operations.ts';
import { bodyOnRead } from '../shared/body-on-read.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';

const SCOPES: ReadonlyMap<string, string> = new Map([
  ['git-upload-pack', READ_REPOSITORY],
  ['git-receive-pack', WRITE_REPOSITORY],
]);

/**
 * Classifies smart HTTP (gitprotocol-http) and Git LFS requests. `rest` is the path below the service's path.
 * The dumb protocol, which serves single files, is not supported.
 */
export function classifyGit(head: RequestHead, rest: string): Classification {
  if (rest.includes('%')) return deny('path_ambiguous', 'percent-encoding in a repository path');
  if (isRead(head.method) && head.hasBody) return bodyOnRead();
  const lfs = classifyLfs(head, rest);
  if (lfs !== undefined) return lfs;
  const [, path = '', route] = /^(.+)\/(info\/refs|git-upload-pack|git-receive-pack)$/.exec(rest) ?? [];
  if (route === undefined) return unknownOperation('not a route of the smart HTTP protocol');
  const repository = repositoryOf(path);
  if (repository === undefined) return unknownOperation('not a repository name');
  const service = route === 'info/refs' ? readService(head.query) : route;
  if (service === undefined) return unknownOperation('info/refs without a service (dumb protocol)');
  const scope = SCOPES.get(service);
  if (scope === undefined) return deny('request_malformed', 'the parameter service is repeated or unknown');
  const fits = route === 'info/refs' ? isRead(head.method) : head.method === 'POST';
  if (!fits) return unknownOperation(`${head.method} on ${route}`);
  const operations = [repositoryOperation(scope, repository)];
  if (route !== 'git-receive-pack') return { kind: 'operations', operations };
  // Clients compress only fetches; servers decompress both.
  if (findHeader(head.rawHeaders, 'content-encoding') !== undefined)
    return deny('request_malformed', 'a push with a Content-Encoding');
  return { kind: 'operations', operations, plan: { watch: watchPushOptions } };
}

/** The `service` parameter; empty if servers could read it differently, undefined if it is absent. */
function readService(query: string): string | undefined {
  const services = queryParts(query).filter(({ text }) => parameterName(text) === 'service');
  if (services.length === 0) return undefined;
  return services.length === 1 ? (/^service=([a-z-]+)$/.exec(services[0]?.text ?? '')?.[1] ?? '') : '';
}
