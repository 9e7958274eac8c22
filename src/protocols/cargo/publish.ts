import { deny, type Deny } from '../../core/decision.ts';
import type { RequestedOperations, OperationsInBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { crateOf } from './names.ts';
import { everyPackage, onePackage, WRITE_PACKAGES } from '../shared/package-operations.ts';

/** Metadata with its readme; registries take no more. */
const MAX_METADATA = 1024 ** 2;

/** `PUT …/crates/new`: length and metadata as JSON, then length and file (Cargo book, "Publish"). The file streams by. */
const PUBLISH: OperationsInBody = {
  kind: 'in-body',
  oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
  part: 'start',
  maxBytes: 4 + MAX_METADATA,
  read: readPublication,
};

/** What is compressed, some servers unpack; Brotli skips what these bytes say as they are (RFC 7932 §9.2, metadata). */
export function publish({ rawHeaders }: RequestHead): OperationsInBody | Deny {
  return findHeader(rawHeaders, 'content-encoding') === undefined
    ? PUBLISH
    : malformed('an encoded publication');
}

function readPublication(body: Buffer): RequestedOperations | Deny {
  const length = body.length < 4 ? Infinity : body.readUInt32LE();
  // Whoever may write all of them need not say which.
  if (length > MAX_METADATA && body.length > 4) return everyPackage(WRITE_PACKAGES);
  if (body.length < 4 + length) return malformed('no metadata, or not all of it');
  const metadata = parseJsonObject(body.subarray(4, 4 + length));
  if (metadata.kind === 'problem') return malformed(`metadata that ${metadata.problem}`);
  // Some readers of JSON do not look at case.
  const names = Object.keys(metadata.value).filter((key) => key.toLowerCase() === 'name');
  const { name } = metadata.value;
  const crate = names.length === 1 && typeof name === 'string' ? crateOf(name) : undefined;
  return crate === undefined ? malformed('no name of a crate') : onePackage(WRITE_PACKAGES, crate);
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}
