import { headerValues } from './header-name.ts';
import { boundaryOf, readFormParts } from './multipart.ts';
import { decodedParameterName, parameterValue, queryParts } from './query-parameters.ts';

export interface FormField {
  /** Decoded, including brackets. */
  readonly name: string;
  /** Undefined for a file and for a value that is not text. */
  readonly value: string | undefined;
}

/**
 * The one `Content-Type` of a body without a content coding; undefined where servers could read the body in
 * two ways.
 */
export function plainContentType(rawHeaders: readonly string[]): string | undefined {
  // Some servers decode a compressed body.
  if (headerValues(rawHeaders, 'content-encoding').length > 0) return undefined;
  const [type = '', ...others] = headerValues(rawHeaders, 'content-type');
  return others.length > 0 ? undefined : type;
}

/** The fields of an urlencoded or multipart form; undefined for a body that servers could read in another way. */
export function readFormFields(contentType: string, body: Buffer): readonly FormField[] | undefined {
  if (/^application\/x-www-form-urlencoded *(?:; *charset=utf-8)?$/i.test(contentType)) {
    return readUrlencoded(body);
  }
  const boundary = boundaryOf(contentType);
  const form = boundary === undefined ? undefined : readFormParts(body, boundary);
  if (form?.closed !== true) return undefined;
  return form.parts.map(({ name, isFile, value }) => ({ name, value: isFile ? undefined : text(value) }));
}

function readUrlencoded(body: Buffer): readonly FormField[] | undefined {
  const form = text(body);
  if (form === undefined) return undefined;
  return queryParts(`?${form}`).map((part) => ({
    name: decodedParameterName(part.text),
    value: parameterValue(part.text),
  }));
}

function text(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
