import type {
  OperationsInBody,
  OperationsOfBody,
  RequestedOperations,
  UnnamedResource,
} from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { plainContentType } from '../../util/http/form-fields.ts';
import { watchLastPart } from '../../util/http/multipart-end.ts';
import { boundaryOf, readFormParts } from '../../util/http/multipart.ts';
import { operationsOfFile } from '../shared/package-file.ts';
import { unnamedPackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { readNupkg } from './nupkg.ts';

/** Bytes of a push that is decided by its package: the directory of a package is at its end. */
const MAX_PUSH = 4 * 1024 ** 2;

/** The file name that NuGet's client sends for every package and for its symbols. */
const ANY_PACKAGE = /^package(?:\.s?nupkg)?$/i;

const NAMED_IN_FORM: UnnamedResource = {
  detail:
    'the body of a push names the package, and the gateway reads only a form with one file, without a query in the URL',
  mediaType: 'multipart/form-data; boundary=…',
};
const LONG_PUSH: UnnamedResource = {
  detail: `the body of a push names the package, and the gateway reads at most ${MAX_PUSH} bytes`,
};

/**
 * A push as nuget.exe and dotnet send it (NuGet Server API, "Push a package"): a form with one file. Any other form, and
 * a longer one, needs a grant for all packages.
 */
export function nugetPush({ query, rawHeaders }: RequestHead): OperationsInBody | RequestedOperations {
  const boundary = query.length > 1 ? undefined : boundaryOf(plainContentType(rawHeaders) ?? '');
  if (boundary === undefined) return unnamedPackage(NAMED_IN_FORM);
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'start',
    maxBytes: MAX_PUSH,
    read: (body) => readPush(body, boundary),
  };
}

async function readPush(body: Buffer, boundary: string): Promise<OperationsOfBody> {
  const form = readFormParts(body, boundary, { unquotedNames: true });
  const [file, ...others] = form?.parts ?? [];
  if (form === undefined || others.length > 0 || file?.isFile !== true) return unnamedPackage(NAMED_IN_FORM);
  if (!form.closed)
    return body.length < MAX_PUSH
      ? operationsOfFile({ kind: 'invalid', detail: 'an incomplete package' })
      : unnamedPackage(LONG_PUSH);
  const found = await readNupkg(file.value);
  if (found.kind !== 'package') return operationsOfFile(found);
  if (file.filename !== undefined && !isNameOf(found.name, file.filename))
    return operationsOfFile({
      kind: 'invalid',
      detail: `the file ${file.filename} contains the package ${found.name}`,
    });
  const offset = file.value.byteOffset - body.byteOffset;
  return operationsOfFile({ ...found, watch: () => watchLastPart(boundary, offset) });
}

/** Whether the file can be a version of the package: `ID.VERSION.nupkg`. */
function isNameOf(id: string, filename: string): boolean {
  if (ANY_PACKAGE.test(filename)) return true;
  const name = filename.toLowerCase();
  return name.startsWith(`${id}.`) && /^\d[\w.+-]*\.s?nupkg$/.test(name.slice(id.length + 1));
}
