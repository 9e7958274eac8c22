import { deny, type Deny } from '../../core/decision.ts';
import type { OperationsInBody, RequestedOperations, UnnamedResource } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { crateOf } from './names.ts';
import { onePackage, unnamedPackage, WRITE_PACKAGES } from '../shared/package-operations.ts';

/** Bytes of metadata including the readme; the limit of registries. */
const MAX_METADATA = 1024 ** 2;

/**
 * `PUT …/crates/new`: length and JSON metadata, then length and file (Cargo book, "Publish"). The file
 * streams.
 */
const PUBLISH: OperationsInBody = {
  kind: 'in-body',
  oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
  part: 'start',
  maxBytes: 4 + MAX_METADATA,
  read: readPublication,
};

/** Some servers decode a Content-Encoding; Brotli skips the plain bytes as metadata (RFC 7932 §9.2). */
export function publish({ rawHeaders }: RequestHead): OperationsInBody | Deny {
  return findHeader(rawHeaders, 'content-encoding') === undefined
    ? PUBLISH
    : malformed('a publication with a Content-Encoding');
}

const LONG_METADATA: UnnamedResource = {
  detail: `the metadata in the body names the crate, and the gateway reads at most ${MAX_METADATA} bytes of it`,
};

function readPublication(body: Buffer): RequestedOperations | Deny {
  const length = body.length < 4 ? Infinity : body.readUInt32LE();
  // A grant for all crates does not depend on the name.
  if (length > MAX_METADATA && body.length > 4) return unnamedPackage(LONG_METADATA);
  if (body.length < 4 + length) return malformed('incomplete metadata');
  const metadata = parseJsonObject(body.subarray(4, 4 + length));
  if (metadata.kind === 'invalid') return malformed(`metadata that ${metadata.detail}`);
  // Some JSON parsers match member names case-insensitively.
  const names = Object.keys(metadata.value).filter((key) => key.toLowerCase() === 'name');
  const { name } = metadata.value;
  const crate = names.length === 1 && typeof name === 'string' ? crateOf(name) : undefined;
  return crate === undefined
    ? malformed('metadata without one valid crate name')
    : onePackage(WRITE_PACKAGES, crate);
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}
