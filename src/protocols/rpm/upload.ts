import { deny, type Deny } from '../../core/decision.ts';
import type { OperationsInBody, OperationsOfBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { everyPackage, onePackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { readPackageName } from './header.ts';
import { rpmName } from './names.ts';

/** Bytes up to the name: signatures, which can contain one per file, and the index of the header. */
const MAX_START = 1024 ** 2;

/**
 * A package as rpmbuild creates it. `named`: the package that the path names; servers use the path or the header, so
 * both must agree.
 */
export function rpmUpload({ rawHeaders }: RequestHead, named?: string): OperationsInBody | Deny {
  if (findHeader(rawHeaders, 'content-encoding') !== undefined)
    return malformed('a package with a Content-Encoding');
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'start',
    maxBytes: MAX_START,
    read: (body) => readUpload(body, named),
  };
}

function readUpload(body: Buffer, named: string | undefined): OperationsOfBody {
  const found = readPackageName(body);
  switch (found.kind) {
    case 'invalid':
      return malformed(found.detail);
    case 'beyond':
      // A grant for all packages does not depend on the name.
      return body.length < MAX_START ? malformed('an incomplete package') : everyPackage(WRITE_PACKAGES);
    case 'name':
      break;
    default:
      return found satisfies never;
  }
  const name = rpmName(found.name);
  if (name === undefined) return malformed('a header without a valid package name');
  return named === undefined || named === name
    ? onePackage(WRITE_PACKAGES, name)
    : malformed(`the path names ${named}, the header names ${name}`);
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}
