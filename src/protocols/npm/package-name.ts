/**
 * Package names (validate-npm-package-name), including legacy names with capitals. A leading `-` starts a
 * registry route.
 */
export const NPM_NAME = /^(?:@[A-Za-z0-9~][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~][A-Za-z0-9._~-]*$/;

/** The package name in a path segment, its slash encoded or not; undefined if it is not a package name. */
export function npmPackageName(text: string): string | undefined {
  const name = text.replace(/^(@[^/%]+)%2f/i, '$1/');
  return NPM_NAME.test(name) ? name : undefined;
}
