import { deny, type Deny } from '../../core/decision.ts';
import type { RequestedOperations, Classification, OperationsInBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { parameterName, queryParts } from '../../util/http/query-parameters.ts';
import { repositoryOf } from './names.ts';
import { READ_REPOSITORY, repositoryOperation, WRITE_REPOSITORY } from './operations.ts';
import { rewriteLfsBatch } from './lfs-batch-response.ts';
import { isRead, unknownOperation } from '../shared/package-operations.ts';

/** Bytes. git-lfs requests 100 objects per batch, 100 bytes each. */
const MAX_BATCH = 1024 * 1024;
const MAX_RESPONSE = 8 * 1024 * 1024;

const OID = '[0-9a-f]{64}';

/** The file locking API, and object paths of Gitea, Forgejo, giftless and GitLab. */
const READS = [
  new RegExp(`^objects/(?:storage/)?${OID}$`),
  // Gitea and Forgejo append the file name for downloads and the size for uploads (routers/web/githttp.go).
  new RegExp(`^objects/${OID}/[^/]+$`),
  new RegExp(`^gitlab-lfs/objects/${OID}$`),
  /^locks$/,
];
const WRITES: Readonly<Record<string, readonly RegExp[]>> = {
  PUT: [
    new RegExp(`^objects/(?:storage/)?${OID}$`),
    new RegExp(`^(?:gitlab-lfs/)?objects/${OID}/\\d{1,15}$`),
  ],
  POST: [
    /^(?:objects\/(?:storage\/)?)?verify$/,
    new RegExp(`^objects/${OID}/verify$`),
    /^locks(?:\/verify)?$/,
    /^locks\/[A-Za-z0-9_-]+\/unlock$/,
  ],
};

/** `rest`: the path below the service's path. Undefined if it is not a Git LFS path. */
export function classifyLfs(head: RequestHead, rest: string): Classification | undefined {
  const [, path = '', api, transfer] = /^(.+?)\/(?:info\/lfs\/(.+)|(gitlab-lfs\/.+))$/.exec(rest) ?? [];
  const route = api ?? transfer;
  if (route === undefined) return undefined;
  const repository = repositoryOf(path);
  if (repository === undefined) return unknownOperation('not a repository name');
  if (route === 'objects/batch') {
    return head.method === 'POST' ? batch(head, repository) : unknownOperation(`${head.method} on a batch`);
  }
  if (isRead(head.method)) {
    return READS.some((known) => known.test(route))
      ? requested(READ_REPOSITORY, repository)
      : unknownOperation('not a route of Git LFS');
  }
  return WRITES[head.method]?.some((known) => known.test(route)) === true
    ? requested(WRITE_REPOSITORY, repository)
    : unknownOperation(`${head.method} on a route of Git LFS that does not accept it`);
}

/** Only the body contains the operation, `download` or `upload`. */
function batch({ query, rawHeaders }: RequestHead, repository: string): OperationsInBody | Deny {
  // Rails merges query parameters with body members.
  if (queryParts(query).some(({ text }) => parameterName(text) === 'operation'))
    return deny('request_malformed', 'the operation of an LFS batch is in the query');
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    const value = rawHeaders[i + 1] ?? '';
    if (name === 'content-encoding') return deny('request_malformed', 'an LFS batch with a Content-Encoding');
    if (name === 'content-type' && !JSON_TYPE.test(value))
      return deny('request_malformed', 'an LFS batch whose Content-Type is not JSON');
  }
  return {
    kind: 'in-body',
    oneOf: [
      repositoryOperation(READ_REPOSITORY, repository),
      repositoryOperation(WRITE_REPOSITORY, repository),
    ],
    part: 'whole',
    maxBytes: MAX_BATCH,
    read: (body) => readBatch(body, repository),
  };
}

const JSON_TYPE = /^application\/(?:vnd\.git-lfs\+)?json *(?:; *charset=utf-8)?$/i;

function readBatch(body: Buffer, repository: string): RequestedOperations | Deny {
  const json = parseJsonObject(body);
  if (json.kind === 'invalid') return deny('request_malformed', `an LFS batch that ${json.detail}`);
  // Go servers match member names case-insensitively, and the last one wins.
  const names = Object.keys(json.value).filter((name) => name.toLowerCase() === 'operation');
  const operation = names.length === 1 ? json.value['operation'] : undefined;
  switch (operation) {
    case 'download':
      return requested(READ_REPOSITORY, repository, BATCH);
    case 'upload':
      return requested(WRITE_REPOSITORY, repository, BATCH);
    default:
      return deny('request_malformed', 'an LFS batch whose operation is neither download nor upload');
  }
}

const BATCH = {
  rewrite: {
    kind: 'document',
    types: 'any',
    maxBytes: MAX_RESPONSE,
    rewrite: rewriteLfsBatch,
  },
} as const;

function requested(
  scope: string,
  repository: string,
  plan?: RequestedOperations['plan'],
): RequestedOperations {
  const operations = [repositoryOperation(scope, repository)];
  return plan === undefined ? { kind: 'operations', operations } : { kind: 'operations', operations, plan };
}
