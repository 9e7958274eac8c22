import type { RequestedOperations, OperationsInBody } from '../../core/request/protocol.ts';
import type { RequestHead } from '../../core/request/request-head.ts';
import { foldHeaderName } from '../../util/http/header-name.ts';
import { watchLastPart } from '../../util/http/multipart-end.ts';
import { boundaryOf, readFormParts, type FormPart } from '../../util/http/multipart.ts';
import { foldParameterName } from '../../util/http/query-parameters.ts';
import { eachPackage, everyPackage, WRITE_PACKAGES } from '../shared/package-operations.ts';
import { projectOf, projectsOfFile } from './names.ts';

/** Fields, with the description among them. */
const MAX_FIELDS = 1024 ** 2;

/**
 * An upload as twine, uv and poetry send it (warehouse's "Upload API"): fields first, the file last. What it is of stands in
 * `name` and in the file's own name; servers go by one or the other. Any other form may mean anything, and needs the right
 * to write all.
 */
export function upload({ query, rawHeaders }: RequestHead): OperationsInBody | RequestedOperations {
  // To Go's `FormValue`, which Gitea asks, a parameter of the query comes before a field of this kind of form.
  const boundary = query.length > 1 ? undefined : boundaryIn(rawHeaders);
  if (boundary === undefined) return everyPackage(WRITE_PACKAGES);
  return {
    kind: 'in-body',
    oneOf: [{ scope: WRITE_PACKAGES, resource: '', extent: 'any' }],
    part: 'start',
    maxBytes: MAX_FIELDS,
    read: (body) => readUpload(body, boundary) ?? everyPackage(WRITE_PACKAGES),
  };
}

/** Undefined where the body has another type, or where two servers could take it for different ones. */
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
  // A signature goes by the name of what it signs.
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

/** The one part of this name, however it is written. */
function only(parts: readonly FormPart[], name: string): FormPart | undefined {
  const found = parts.filter((part) => foldParameterName(part.name) === name);
  return found.length === 1 && found[0]?.name === name ? found[0] : undefined;
}

function textOf(part: FormPart | undefined): string | undefined {
  return part === undefined || part.isFile ? undefined : part.value.toString('utf8');
}
