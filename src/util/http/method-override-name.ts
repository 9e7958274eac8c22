/**
 * Whether a server reads a decoded name as a method override. `_method`: Rack, Symfony, Laravel, CakePHP, Spring; PHP maps `.`
 * to `_`, and a bracket ends the name. `X-HTTP-Method-Override`: the form field of ASP.NET MVC.
 */
export function isMethodOverride(name: string): boolean {
  return OVERRIDE.test(name);
}

/** Characters of a name that decide whether it is an override, after its leading blanks and brackets. */
export const MAX_OVERRIDE_LENGTH = 32;

/** Accepts every name that `foldParameterName` folds to one of them; a blank after brackets folds to `_`. */
const OVERRIDE = /^(?:[\s[\]]*(?:[_.]method|x-http-method-override)|\s*[[\]]+ method)(?:$|[\s[\]\0])/i;
