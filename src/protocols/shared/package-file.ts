import { deny, type Deny } from '../../core/decision.ts';
import {
  invalidPackage,
  otherPackageInFile,
  PACKAGE_ENCODED,
  PACKAGE_IN_FORM,
} from '../../core/refusal-messages.ts';
import type {
  BodyWatch,
  InvalidBody,
  OperationsInBody,
  OperationsOfBody,
  UnnamedResource,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { findHeader, headerValues } from '../../util/http/header-name.ts';
import { eachPackage, unnamedPackage, WRITE_PACKAGES } from './package-operations.ts';

interface NamedPackage {
  readonly kind: 'package';
  readonly name: string;
  /** Other packages that servers could store the file for. */
  readonly others?: readonly string[];
  readonly watch?: (() => BodyWatch) | undefined;
}

/** The package that the start of an uploaded file names. */
export type PackageFile =
  | NamedPackage
  /** Programs could read different names, or the name is after the buffered bytes. */
  | { readonly kind: 'unreadable' }
  | InvalidBody;

/** Bytes of a file in which its name is looked for. */
export const MAX_FILE_START = 1024 ** 2;

type ReadFile = (start: Buffer) => PackageFile | Promise<PackageFile>;

/**
 * An upload of a file that names its package. `named`: the package that the path names; servers use the path or the
 * file, so both must agree.
 */
export function uploadOf(
  head: RequestHead,
  named: string | undefined,
  readFile: ReadFile,
): OperationsInBody | Deny {
  // A form can begin with any bytes (RFC 2046 §5.1.1, preamble); Gitea would store the file in it.
  if (headerValues(head.rawHeaders, 'content-type').some((type) => /multipart/i.test(type)))
    return { ...deny('request_malformed', 'a package in a multipart form'), message: PACKAGE_IN_FORM };
  return uploadOfBody(head, named, readFile);
}

/** As `uploadOf`, for a body in any form; `readFile` reads the form. */
export function uploadOfBody(
  { rawHeaders }: RequestHead,
  named: string | undefined,
  readFile: ReadFile,
): OperationsInBody | Deny {
  if (findHeader(rawHeaders, 'content-encoding') !== undefined)
    return { ...deny('request_malformed', 'a package with a Content-Encoding'), message: PACKAGE_ENCODED };
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'start',
    maxBytes: MAX_FILE_START,
    read: async (start) => operationsOfFile(await readFile(start), named),
  };
}

const UNREADABLE: UnnamedResource = {
  detail: 'the file in the body names the package, and the gateway cannot read the name from it',
};

export function operationsOfFile(file: PackageFile, named?: string): OperationsOfBody {
  switch (file.kind) {
    case 'invalid':
      return { ...deny('request_malformed', file.detail), message: invalidPackage(file.detail) };
    case 'unreadable':
      // A grant for all packages does not depend on the name.
      return unnamedPackage(UNREADABLE);
    case 'package': {
      const { name, others = [], watch } = file;
      if (named !== undefined && named !== name)
        return {
          ...deny('request_malformed', `the path names ${named}, the file names ${name}`),
          message: otherPackageInFile(named, name),
        };
      return eachPackage(WRITE_PACKAGES, [name, ...others], watch && { watch });
    }
    default:
      return file satisfies never;
  }
}
