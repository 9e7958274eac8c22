import { deny, type Deny } from '../../core/decision.ts';
import type { OperationsInBody, OperationsOfBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader } from '../../util/http/header-name.ts';
import { everyPackage, onePackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { readControlMember, watchMembers } from './archive.ts';
import { packageOf } from './control.ts';
import { decompress } from './decompress.ts';

/** Bytes up to the end of the compressed control archive, which has the maintainer scripts and checksums. */
const MAX_START = 1024 ** 2;

/**
 * A package as `dpkg-deb` builds it (deb(5)). `named`: the package that the path names; servers use the path or the
 * control file, so both must agree.
 */
export function debUpload({ rawHeaders }: RequestHead, named?: string): OperationsInBody | Deny {
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

async function readUpload(body: Buffer, named: string | undefined): Promise<OperationsOfBody> {
  const member = readControlMember(body);
  switch (member.kind) {
    case 'invalid':
      return malformed(member.detail);
    case 'beyond':
      return everyPackage(WRITE_PACKAGES);
    case 'member':
      break;
    default:
      return member satisfies never;
  }
  const archive = await decompress(member.compression, member.bytes);
  const name = archive === undefined ? undefined : packageOf(archive);
  // A grant for all packages does not depend on the name.
  if (name === undefined) return everyPackage(WRITE_PACKAGES);
  if (named !== undefined && named !== name)
    return malformed(`the path names ${named}, the control file names ${name}`);
  return onePackage(WRITE_PACKAGES, name, { watch: watchMembers });
}

function malformed(detail: string): Deny {
  return deny('request_malformed', detail);
}
