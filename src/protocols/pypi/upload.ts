import type { OperationsInBody, RequestedOperations, UnnamedResource } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { watchLastPart } from '../../util/http/multipart-end.ts';
import { boundaryOf, readFormParts, type FormPart } from '../../util/http/multipart.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';
import { eachPackage, unnamedPackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { projectOf, projectsOfFile } from './names.ts';

/** Bytes of all form fields, including the description. */
const MAX_FIELDS = 1024 ** 2;

const NAMED_IN_FORM: UnnamedResource = {
  detail:
    'the body of an upload names the project, and the gateway reads only a form as twine sends it, without a query in the URL',
  mediaType: 'multipart/form-data; boundary=…',
};

/**
 * An upload as twine, uv and poetry send it (warehouse, "Upload API"): fields first, the file last. Servers
 * take the project from the field `name` or from the file name, so both must be granted. Any other form needs
 * a grant for all.
 */
export function upload({ query, rawHeaders }: RequestHead): OperationsInBody | RequestedOperations {
  // Go's `FormValue`, which Gitea uses, prefers a query parameter to a multipart field.
  const boundary = query.length > 1 ? undefined : boundaryIn(rawHeaders);
  if (boundary === undefined) return unnamedPackage(NAMED_IN_FORM);
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'start',
    maxBytes: MAX_FIELDS,
    read: (body) => readUpload(body, boundary) ?? unnamedPackage(NAMED_IN_FORM),
  };
}

/** Undefined if the body is not a multipart form, or if servers could read its type differently. */
function boundaryIn(rawHeaders: readonly string[]): string | undefined {
  let type: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    if (name === 'content-encoding' || (name === 'content-type' && type !== undefined)) return undefined;
    if (name === 'content-type') type = rawHeaders[i + 1];
  }
  return type === undefined ? undefined : boundaryOf(type);
}

function readUpload(body: Buffer, boundary: string): RequestedOperations | undefined {
  const parts = readFormParts(body, boundary)?.parts ?? [];
  const file = parts.at(-1);
  const name = only(parts, 'name');
  if (file?.name !== 'content' || file.filename === undefined || only(parts, 'content') !== file)
    return undefined;
  if (textOf(only(parts, ':action')) !== 'file_upload') return undefined;
  // A signature has the name of the file that it signs.
  const others = parts.filter((part) => part.isFile && part !== file);
  const signed = `${file.filename}.asc`;
  if (!others.every((part) => part.name === 'gpg_signature' && part.filename === signed)) return undefined;
  const project = projectOf(textOf(name) ?? '');
  const projects = projectsOfFile(file.filename) ?? [];
  if (project === undefined || projects.length === 0) return undefined;
  const offset = file.value.byteOffset - body.byteOffset;
  return eachPackage(WRITE_PACKAGES, [...new Set([project, ...projects])], {
    watch: () => watchLastPart(boundary, offset),
  });
}

/** The part of this name; undefined if another part has a name that servers read as the same. */
function only(parts: readonly FormPart[], name: string): FormPart | undefined {
  const found = parts.filter((part) => foldParameterName(part.name) === name);
  return found.length === 1 && found[0]?.name === name ? found[0] : undefined;
}

function textOf(part: FormPart | undefined): string | undefined {
  return part === undefined || part.isFile ? undefined : part.value.toString('utf8');
}
