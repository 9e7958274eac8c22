import { isMethodOverride, MAX_OVERRIDE_LENGTH } from './method-override-name.ts';
import { decodeEscapes } from './query-parameters.ts';

/** Every character of the longest name can be `%uXXXX`. */
const MAX_RAW = MAX_OVERRIDE_LENGTH * 6;

/** Leading characters that servers ignore; dropped, so that a name has a bounded length. */
const IGNORED = /^(?:[\s+[\]]|%(?:u00)?(?:20|09|0[a-d]|5[bd]))+/i;

/** Finds a method override in the field names of a streamed `application/x-www-form-urlencoded` body. */
export function createUrlencodedOverride(): (chunk: Buffer) => boolean {
  let inName = true;
  let name = '';

  function append(text: string): void {
    if (name.length >= MAX_RAW) return;
    // In steps: more ignored characters than fit may precede the name.
    for (let at = 0; at < text.length && name.length < MAX_RAW; at += MAX_RAW) {
      name = (name + text.slice(at, at + MAX_RAW)).replace(IGNORED, '');
    }
  }

  /** `text` ends the name. */
  function endsOverride(text: string): boolean {
    if (name.length + text.length < MIN_RAW) return false;
    append(text);
    return isMethodOverride(decodeEscapes(name).replaceAll('+', ' '));
  }

  return (chunk) => {
    const text = chunk.toString('latin1');
    let at = 0;
    for (;;) {
      const delimiter = inName ? NAME_END : NEXT_NAME;
      delimiter.lastIndex = at;
      const found = delimiter.exec(text);
      if (found === null) break;
      if (found[0] === '=' && endsOverride(text.slice(at, found.index))) return true;
      inName = found[0] !== '=';
      name = '';
      at = found.index + 1;
    }
    if (inName) append(text.slice(at));
    return false;
  };
}

const MIN_RAW = '_method'.length;
const NAME_END = /[=&;]/g;
const NEXT_NAME = /[&;]/g;
