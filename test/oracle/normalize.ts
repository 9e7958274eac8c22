import { hash } from 'node:crypto';
import { decodePart } from './world/jwt.ts';

/** Replaces what differs from run to run: credentials, ports, ids, times, keys. */
export type Normalize = (text: string) => string;

/** `values`: text as it occurs → its name; longer texts win. */
export function createNormalize(values: ReadonlyMap<string, string>): Normalize {
  const known = [...values].toSorted(([a], [b]) => b.length - a.length);
  const named: Normalize = (text) => {
    let result = text;
    for (const [value, name] of known) result = result.replaceAll(value, `<${name}>`);
    return result;
  };
  return function normalize(text) {
    const readable = text.replaceAll(
      /\bBasic ([A-Za-z0-9+/]+=*)/g,
      (_, encoded: string) => `Basic(${Buffer.from(encoded, 'base64').toString('latin1')})`,
    );
    let result = named(readable).replaceAll(JWT, (token) => `<JWT ${describeJwt(token, named)}>`);
    for (const [pattern, replacement] of PATTERNS) result = result.replaceAll(pattern, replacement);
    return result.replaceAll(
      /"expires_in":(\d+)/g,
      (_, seconds: string) => `"expires_in":${wholeMinutes(Number(seconds))}`,
    );
  };
}

const JWT = /\beyJ[\w-]{10,}\.eyJ[\w-]+\.[\w-]*/g;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '<UUID>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '<TIME>'],
  [/\b1[789]\d{8}\b/g, '<SECONDS>'],
  // Entity tags of rewritten bodies hold a hash of addresses with ports.
  [/-gh[0-9a-f]{8}"/g, '-gh<TAG>"'],
  [/^(x-request-id: ).+$/gim, '$1<ID>'],
  [/"(kid|x|y)":"[\w-]{20,}"/g, '"$1":"<KEY>"'],
  // A hash of issuer settings, which hold addresses with ports.
  [/"settingsHash":"[\w-]+"/g, '"settingsHash":"<HASH>"'],
  [/oracle\/\d+/g, 'oracle'],
  [/\b[0-9a-f]{32,}\b/g, '<HEX>'],
  // Pages of the console. The revision is a hash of the configuration, which holds addresses with ports.
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, '<TIME>'],
  [/\b\d+ (?:second|minute)s? ago\b/g, '<DISTANCE>'],
  [/(?<=<code>)[0-9a-f]{12}(?=<)/g, '<REVISION>'],
  [/(?<=Replica <strong>)[^<]+/g, '<HOST>'],
];

/** Header and claims that do not vary; times as a lifetime. */
function describeJwt(token: string, named: Normalize): string {
  const [header, payload] = token.split('.');
  try {
    const { alg, typ } = decodePart(header);
    const { iat, nbf, exp, jti, ...claims } = decodePart(payload);
    const lifetime = wholeMinutes(Number(exp) - Number(iat));
    return named(
      JSON.stringify({
        alg,
        typ,
        lifetime,
        jti: jti !== undefined,
        nbf: nbf !== undefined,
        ...sorted(claims),
      }),
    );
  } catch {
    return 'unreadable';
  }
}

/** A token that is issued for another one ends with it, so its lifetime depends on when the case ran. */
function wholeMinutes(seconds: number): number {
  return Math.ceil(seconds / 60) * 60;
}

function sorted(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

export function isConsolePage(text: string): boolean {
  return text.startsWith('<!doctype html>') && text.includes('Gatehouse</title>');
}

/** A body as text where it is short and printable; otherwise its length, unless it is a page with times, and its hash. */
export function shortBody(body: string, normalize: Normalize): string {
  const text = normalize(body);
  if (text.length <= 2_000 && /^[\t\r\n\x20-\x7e]*$/.test(text)) return text;
  const size = isConsolePage(text) ? 'a page' : `${body.length} bytes`;
  return `${size}, SHA-256 ${hash('sha256', Buffer.from(text, 'latin1')).slice(0, 16)}`;
}
