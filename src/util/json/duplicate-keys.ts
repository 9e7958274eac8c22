/**
 * The first duplicate member name in an object of `json`, which must be valid JSON.
 *
 * JSON.parse uses the last duplicate, other parsers the first, so a token with duplicate names is refused
 * (RFC 7515 §4, RFC 7519 §4). Names are compared unescaped: `"sub"` and `"su\u0062"` are one name.
 */
export function findDuplicateKey(json: string): string | undefined {
  const scopes: (Set<string> | undefined)[] = [];
  let expectsName = false;
  for (let at = 0; at < json.length; at++) {
    switch (json[at]) {
      case '{':
        scopes.push(new Set());
        expectsName = true;
        break;
      case '[':
        scopes.push(undefined);
        expectsName = false;
        break;
      case '}':
      case ']':
        scopes.pop();
        expectsName = false;
        break;
      case ',':
        expectsName = scopes.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(json, at);
        if (expectsName) {
          const name = JSON.parse(json.slice(at, end + 1)) as string;
          const names = scopes.at(-1);
          if (names?.has(name) === true) return name;
          names?.add(name);
          expectsName = false;
        }
        at = end;
        break;
      }
      default:
        break;
    }
  }
  return undefined;
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
