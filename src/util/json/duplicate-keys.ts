/**
 * Whether an object of `json`, the text of `value`, names a member twice.
 *
 * JSON.parse uses the last duplicate, other parsers the first, so a token with duplicate names is refused
 * (RFC 7515 §4, RFC 7519 §4). A parsed object has one member for each different name, however the names are escaped:
 * `"sub"` and `"su\u0062"` are one name.
 */
export function hasDuplicateKey(json: string, value: unknown): boolean {
  // The usual case, a compact token: JSON.stringify writes each name of an object once.
  if (json.length <= MAX_WRITTEN && JSON.stringify(value) === json) return false;
  return countNames(json) !== countMembers(value);
}

/** UTF-16 units. JSON.stringify is recursive for an object with a member `toJSON`, and throws at a depth of 8,000. */
const MAX_WRITTEN = 4096;

/** A colon outside of a string follows each name. */
function countNames(json: string): number {
  let count = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === COLON) count += 1;
    else if (code === QUOTE) at = endOfString(json, at);
  }
  return count;
}

/** Index of the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return at;
}

/** Members of all objects in a parsed value. Not recursive, because a client determines the depth. */
function countMembers(value: unknown): number {
  let count = 0;
  const rest = [value];
  while (rest.length > 0) {
    const each = rest.pop();
    if (typeof each !== 'object' || each === null) continue;
    const inner: readonly unknown[] = Array.isArray(each) ? each : Object.values(each);
    if (inner !== each) count += inner.length;
    for (const one of inner) if (typeof one === 'object' && one !== null) rest.push(one);
  }
  return count;
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
