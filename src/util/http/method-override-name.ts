/**
 * Whether a server reads a decoded name as a method override. `_method`: Rack, Symfony, Laravel, CakePHP, Spring; PHP maps `.`
 * to `_`, and a bracket ends the name. `X-HTTP-Method-Override`: the form field of ASP.NET MVC.
 */
export function isMethodOverride(name: string): boolean {
  return OVERRIDE.test(name);
}

/** Characters of a name that decide whether it is an override, after its leading blanks and brackets. */
export const MAX_OVERRIDE_LENGTH = 32;

const OVERRIDE = /^[\s[\]]*(?:[_.]method|x-http-method-override)(?:$|[\s[\]\0])/i;

/** Decodes `%XX`, and `%uXXXX` as ASP.NET does. */
export function decodeEscapes(text: string): string {
  return text.replaceAll(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_all, unit?: string, byte?: string) =>
    String.fromCharCode(Number.parseInt(unit ?? byte ?? '', 16)),
  );
}
