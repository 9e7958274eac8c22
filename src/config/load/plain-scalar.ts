import { expandVariables, retype, type Environment } from './expand-variables.ts';
import type { Mark } from '../problems/problem.ts';
import type { ScalarNode } from './source-tree.ts';

interface TypedScalar {
  readonly test: RegExp;
  readonly read: (text: string) => unknown;
}

/** The core schema of YAML 1.2.2 (section 10.3.2), as `yaml` reads it: a property test compares the two. */
const TYPED_SCALARS: readonly TypedScalar[] = [
  { test: /^(?:~|[Nn]ull|NULL)?$/, read: () => null },
  { test: /^(?:[Tt]rue|TRUE)$/, read: () => true },
  { test: /^(?:[Ff]alse|FALSE)$/, read: () => false },
  { test: /^0o[0-7]+$/, read: (text) => Number.parseInt(text.slice(2), 8) },
  { test: /^[-+]?[0-9]+$/, read: (text) => Number.parseInt(text, 10) },
  { test: /^0x[0-9a-fA-F]+$/, read: (text) => Number.parseInt(text, 16) },
  { test: /^\.(?:nan|NaN|NAN)$/, read: () => Number.NaN },
  { test: /^[-+]?\.(?:inf|Inf|INF)$/, read: (text) => (text.startsWith('-') ? -Infinity : Infinity) },
  { test: /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/, read: Number.parseFloat },
];

/** The value of an unquoted scalar according to the core schema of YAML 1.2. */
export function resolvePlain(text: string): unknown {
  if (!mayBeTyped(text)) return text;
  const type = TYPED_SCALARS.find(({ test }) => test.test(text));
  return type === undefined ? text : type.read(text);
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
