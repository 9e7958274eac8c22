import { plainContentType, readFormFields } from '../../util/http/form-fields.ts';
import { isRecord, parseJsonObject } from '../../util/json/object.ts';
import {
  decodedParameterName,
  foldParameterName,
  parameterValue,
  queryParts,
} from '../../util/http/query-parameters.ts';

/** A parameter of a request, as GitLab could read it from the query or the body. */
export interface Parameter {
  /** Its folded name; for a nested one also the names of the objects around it. */
  readonly names: readonly string[];
  /** Undefined if it is a file or not text. */
  readonly value: string | undefined;
}

export type BodyParameters =
  | { readonly kind: 'parameters'; readonly parameters: readonly Parameter[] }
  | { readonly kind: 'invalid'; readonly detail: string };

/** Rack's own limit is 32. */
const MAX_DEPTH = 32;

export function queryParameters(query: string): readonly Parameter[] {
  return queryParts(query).map(({ text }) => ({
    names: namesIn(decodedParameterName(text)),
    value: parameterValue(text),
  }));
}

/** All parameters of a JSON or form body. A body that parsers read differently is a problem. */
export function bodyParameters(rawHeaders: readonly string[], body: Buffer): BodyParameters {
  const type = plainContentType(rawHeaders);
  if (type === undefined) return { kind: 'invalid', detail: 'has several content types, or a coding' };
  if (/^application\/json *(?:; *charset=utf-8)?$/i.test(type)) return jsonParameters(body);
  const fields = readFormFields(type, body);
  if (fields === undefined) return { kind: 'invalid', detail: 'is neither JSON nor one plain form' };
  return {
    kind: 'parameters',
    parameters: fields.map(({ name, value }) => ({ names: namesIn(name), value })),
  };
}

function jsonParameters(body: Buffer): BodyParameters {
  const json = parseJsonObject(body);
  if (json.kind === 'invalid') return json;
  const parameters: Parameter[] = [];
  const open: { readonly names: readonly string[]; readonly value: unknown; readonly depth: number }[] = [
    { names: [], value: json.value, depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { names, value, depth } = next;
    if (depth > MAX_DEPTH) return { kind: 'invalid', detail: `is nested more than ${MAX_DEPTH} deep` };
    if (Array.isArray(value)) {
      for (const item of value as readonly unknown[]) open.push({ names, value: item, depth: depth + 1 });
    } else if (isRecord(value)) {
      for (const [name, item] of Object.entries(value)) {
        open.push({ names: [...names, ...namesIn(name)], value: item, depth: depth + 1 });
      }
    } else if (value !== null) {
      parameters.push({ names, value: typeof value === 'string' ? value : JSON.stringify(value) });
    }
  }
  return { kind: 'parameters', parameters };
}

/** Some servers read `a[b]` as `a`, others as member `b` of `a`. */
function namesIn(name: string): readonly string[] {
  const folded = foldParameterName(name);
  if (!name.includes('[')) return [folded];
  return [folded, ...name.split(/[[\]]+/).map((part) => foldParameterName(part))];
}
