/**
 * The problem of a template with two placeholders in one segment, or undefined. `{claims.a}-{claims.b}` is the same text
 * for `x-y` and `z` as for `x` and `y-z`, so that one caller would have the secret of another.
 */
export function ambiguityProblem(template: string): string | undefined {
  const ambiguous = template.split('/').some((segment) => segment.split('{').length > 2);
  return ambiguous
    ? 'has two placeholders in one segment, so that callers with different values can have the same text; write one placeholder in each segment'
    : undefined;
}
