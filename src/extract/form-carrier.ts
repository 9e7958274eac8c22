import { deny, type Deny } from '../contract/decision.ts';
import { foldHeaderName } from '../lib/header-name.ts';
import { boundaryOf, readFormParts } from '../lib/multipart.ts';
import { foldParameterName, parameterName, parameterValue, queryParts } from '../lib/query-parameters.ts';

export interface FormCredential {
  readonly token: string;
  /** `job_token` says by its name what it carries. */
  readonly isJobToken: boolean;
}

/**
 * Every field of a form that carries a credential. The body goes on as it is, so a form that the upstream could read in another
 * way than this is refused: it would be somebody else's request there.
 */
export function formCredentials(
  rawHeaders: readonly string[],
  body: Buffer,
  names: ReadonlySet<string>,
): readonly FormCredential[] | Deny {
  if (body.length === 0) return [];
  const fields = readFields(rawHeaders, body);
  if (fields === undefined) return deny('request_malformed', 'a body that is not one plain form');
  const found: FormCredential[] = [];
  for (const { name, value } of fields) {
    if (!names.has(name)) continue;
    if (value === undefined) return deny('credential_malformed', `the form field ${name} is not text`);
    found.push({ token: value, isJobToken: name === 'job_token' });
  }
  return found;
}

interface Field {
  readonly name: string;
  /** Undefined where it is not text, or a file. */
  readonly value: string | undefined;
}

function readFields(rawHeaders: readonly string[], body: Buffer): readonly Field[] | undefined {
  const types: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = foldHeaderName(rawHeaders[i] ?? '');
    if (name === 'content-type') types.push(rawHeaders[i + 1] ?? '');
    // What is compressed, some servers unpack.
    if (name === 'content-encoding') return undefined;
  }
  const [type = '', ...others] = types;
  if (others.length > 0) return undefined;
  if (/^application\/x-www-form-urlencoded *(?:; *charset=utf-8)?$/i.test(type)) return urlencoded(body);
  const boundary = boundaryOf(type);
  const form = boundary === undefined ? undefined : readFormParts(body, boundary);
  if (form?.closed !== true) return undefined;
  return form.parts.map(({ name, isFile, value }) => ({
    name: foldParameterName(name),
    value: isFile ? undefined : text(value),
  }));
}

function urlencoded(body: Buffer): readonly Field[] | undefined {
  const form = text(body);
  if (form === undefined) return undefined;
  return queryParts(`?${form}`).map((part) => ({
    name: parameterName(part.text),
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
