/** Semantic Versioning 2.0.0, without the grammar of pre-release and build identifiers. */
const VERSION = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]*)?$/;

/** Clients may encode the `+` before build metadata. */
export function isVersion(text: string): boolean {
  return VERSION.test(text.replaceAll('%2B', '+'));
}
