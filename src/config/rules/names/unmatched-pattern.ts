import { correctPattern } from './correct-pattern.ts';
import { canMatchName } from './match-name.ts';
import { NAME_FORMS, type NameForm } from './name-forms.ts';

/** Why no name of the type matches the pattern, with the right form where it is known; undefined if one may match. */
export function unmatchedPatternProblem(type: string, pattern: string): string | undefined {
  if (pattern === '**' || !Object.hasOwn(NAME_FORMS, type)) return undefined;
  const form = NAME_FORMS[type];
  if (form === undefined || canMatchName(form, pattern)) return undefined;
  const literal = pattern.replaceAll(/\{claims\.[^{}]*\}|\*/g, '');
  const odd = (form.segments === 'one' ? outside(form) : outside(form, '/@')).exec(literal)?.[0];
  const reason = odd === undefined ? form.shape : `${form.spelling}, so none contains "${odd}"`;
  const better = pattern.includes('{claims.') ? undefined : correctPattern(type, pattern);
  const fix =
    better !== undefined && better !== pattern && canMatchName(form, better)
      ? `write ${JSON.stringify(better)}`
      : 'correct the pattern or remove it';
  return `never matches: names of type ${type} ${reason}; ${fix}`;
}

function outside({ characters, segments }: NameForm, more = ''): RegExp {
  return new RegExp(`[^${characters}${segments === 'scoped' ? more : more.replace('@', '')}]`, 'u');
}
