import { isScalar, Schema, type ScalarTag } from 'yaml';
import { expandVariables, retype, type Environment } from './expand-variables.ts';
import type { Mark } from '../problems/problem.ts';
import type { ScalarNode } from './source-tree.ts';

/** The tags that the parser itself tests unquoted scalars with, in its order. */
const TAGS = new Schema({ schema: 'core', merge: false }).tags.filter(isTested);

function isTested(tag: Schema['tags'][number]): tag is ScalarTag & { readonly test: RegExp } {
  return tag.collection === undefined && tag.default === true && 'test' in tag && tag.test !== undefined;
}

/** The value of an unquoted scalar according to the core schema of YAML 1.2. */
export function resolvePlain(text: string): unknown {
  if (!mayBeTyped(text)) return text;
  const tag = TAGS.find(({ test }) => test.test(text));
  if (tag === undefined) return text;
  const resolved: unknown = tag.resolve(text, () => undefined, {});
  return isScalar(resolved) ? resolved.value : resolved;
}

/** Whether the text can be other than a string: `true`, `null`, `~`, or a number, `.inf` included. */
function mayBeTyped(text: string): boolean {
  return /^(?:[-+.\d~]|[tTfFnN][a-zA-Z]{3,4}$|$)/.test(text);
}

/** A scalar as the parser read it, before the expansion of variables. */
export interface WrittenScalar {
  readonly mark: Mark;
  /** The source of an unquoted scalar, the content of a quoted one. */
  readonly written: string;
  readonly value: unknown;
  readonly plain: boolean;
}

/** `message`: a variable that cannot be expanded; the node stands in for the scalar, so that the other checks go on. */
export interface ReadScalar {
  readonly node: ScalarNode;
  readonly message?: string;
}

/** Expands the variables of a scalar; without `env` there are none. */
export function readScalar(
  { mark, written, value, plain }: WrittenScalar,
  env: Environment | undefined,
): ReadScalar {
  const asIs: ScalarNode = {
    kind: 'scalar',
    mark,
    value: scalarValue(value),
    text: written,
    plain,
    expanded: false,
  };
  if (env === undefined || !written.includes('${')) return { node: asIs };
  const result = expandVariables(written, env);
  if (result.kind === 'invalid') {
    return { node: { ...asIs, value: written, expanded: true }, message: result.detail };
  }
  const { text, expanded } = result;
  return { node: { ...asIs, value: plain && expanded ? retype(text) : text, text, expanded } };
}

function scalarValue(value: unknown): ScalarNode['value'] {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
