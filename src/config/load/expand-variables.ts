export type Environment = Readonly<Record<string, string | undefined>>;

export type VariableExpansion =
  | { readonly kind: 'text'; readonly text: string; readonly expanded: boolean }
  | { readonly kind: 'invalid'; readonly detail: string };

const REFERENCE = /\$\$\{|\$\{([^{}]*)\}|\$\{/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/**
 * Expands `${NAME}` and `${NAME:-default}` in a scalar that YAML has already parsed, so that a value can add
 * neither keys nor structure. `$${` is a literal `${`. As in shells, the default also replaces an empty
 * variable.
 */
export function expandVariables(text: string, env: Environment): VariableExpansion {
  let detail: string | undefined;
  let expanded = false;
  const result = text.replaceAll(REFERENCE, (match: string, inside: string | undefined) => {
    if (match === '$${') return '${';
    const parts = INSIDE.exec(inside ?? '');
    if (parts === null) {
      detail ??= 'a variable is written ${NAME} or ${NAME:-default}, a literal "${" as "$${"';
      return '';
    }
    const name = parts[1] ?? '';
    const fallback = parts[2];
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    expanded = true;
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback === undefined) {
      detail ??= `the environment variable ${name} is not set; set it, or give a default: \${${name}:-…}`;
    }
    return fallback ?? '';
  });
  return detail === undefined ? { kind: 'text', text: result, expanded } : { kind: 'invalid', detail };
}

/** The value of an unquoted scalar after expansion. Only canonical integers become numbers. */
export function retype(text: string): string | number | boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return /^-?\d+$/.test(text) && String(number) === text && Number.isSafeInteger(number) ? number : text;
}
