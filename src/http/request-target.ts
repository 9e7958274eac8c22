import { deny, type Deny } from '../core/decision.ts';
import type { CanonicalPath } from '../core/request/request-head.ts';

export interface RequestTarget {
  readonly path: CanonicalPath;
  /** The path contains `%2F` in the client's spelling; routing decides whether the service accepts it. */
  readonly encodedSlash?: boolean;
  /** One literal segment `./` was removed from the path; routing decides whether the service accepts it. */
  readonly dotSegment?: boolean;
  /** The path contains `;`; routing decides whether the service accepts it. */
  readonly pathParameters?: boolean;
  /** With its `?`, or empty. */
  readonly query: string;
}

/**
 * Reads a request target (RFC 9112 §3.2, origin form only) into its one canonical path, or refuses what two
 * servers could read differently. Policy and upstream get the same result.
 */
export function parseTarget(target: string): RequestTarget | Deny {
  if (target.charCodeAt(0) !== SLASH) return deny('request_malformed', 'the target is not in origin form');
  const length = target.length;
  let end = length;
  let plain = true;
  for (let i = 1; i < length; i++) {
    const code = target.charCodeAt(i);
    if (code === QUESTION) {
      end = i;
      break;
    }
    const kind = code < 128 ? KINDS[code] : REFUSED;
    if (kind === PLAIN) continue;
    if (kind === REFUSED) return ambiguous(`character 0x${code.toString(16)} in the path`);
    if (kind === SEPARATOR && target.charCodeAt(i - 1) === SLASH) return ambiguous('an empty segment');
    if (kind === LEADING && target.charCodeAt(i - 1) !== SLASH) continue;
    // An escape, a `;`, or a dot that starts a segment, needs the slow path.
    if (kind !== SEPARATOR) plain = false;
  }
  for (let i = end; i < length; i++) {
    const code = target.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f || code === HASH) {
      return deny('request_malformed', `character 0x${code.toString(16)} in the query`);
    }
  }
  const raw = end === length ? target : target.slice(0, end);
  const query = end === length ? '' : target.slice(end);
  return plain ? { path: raw as CanonicalPath, query } : readUnusual(raw, query);
}

/** A path with escapes, leading dots or parameters. */
function readUnusual(raw: string, query: string): RequestTarget | Deny {
  // Only the first literal `./` is removed: `canonicalPath` refuses any other.
  const dot = raw.indexOf('/./');
  const path = canonicalPath(dot === -1 ? raw : raw.slice(0, dot) + raw.slice(dot + 2));
  if (typeof path !== 'string') return path;
  return {
    path,
    query,
    ...(ENCODED_SLASH.test(path) ? { encodedSlash: true } : {}),
    ...(dot === -1 ? {} : { dotSegment: true }),
    ...(path.includes(';') ? { pathParameters: true } : {}),
  };
}

/** Decodes unnecessary escapes, writes the others in uppercase, and refuses the dangerous ones. */
function canonicalPath(raw: string): CanonicalPath | Deny {
  let path = '';
  for (let i = 0; i < raw.length; i++) {
    if (raw.charCodeAt(i) !== PERCENT) {
      path += raw[i];
      continue;
    }
    const hex = raw.slice(i + 1, i + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return ambiguous('a percent sign without two hex digits');
    const code = Number.parseInt(hex, 16);
    if (code < 0x20 || code === 0x7f) return ambiguous('an encoded control character');
    if (ENCODED_REFUSED.has(code)) return ambiguous(`%${hex}`);
    if (code === SLASH) {
      path += `%${hex}`;
      i += 2;
      continue;
    }
    path += NEEDS_NO_ESCAPE.test(String.fromCharCode(code))
      ? String.fromCharCode(code)
      : `%${hex.toUpperCase()}`;
    i += 2;
  }
  // Checked last: decoded escapes may have formed one (`%25b%41`).
  if (/%25[0-9A-Fa-f]{2}/.test(path)) return ambiguous('double encoding');
  if (!isUtf8(path)) return ambiguous('an escape that is not UTF-8');
  // A server that decodes `%2F` must find no other segments than one that does not.
  for (const part of path.slice(1).split('/')) {
    const segments = part.split(ENCODED_SLASH);
    for (const segment of segments) {
      // Some servers trim spaces: the rest must be neither empty nor dots.
      // Some servers also cut a segment at `;`.
      const name = segment.replace(/;.*$/, '').replaceAll('%20', '');
      if (name === '.' || name === '..') return ambiguous('a dot segment');
      if (name === '' && (segment !== '' || segments.length > 1)) return ambiguous('an empty segment');
    }
  }
  return path as CanonicalPath;
}

function isUtf8(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function ambiguous(detail: string): Deny {
  return deny('path_ambiguous', detail);
}

const SLASH = 0x2f;
const QUESTION = 0x3f;
const PERCENT = 0x25;
const HASH = 0x23;

/** Encoded `\`, `#` and `?`; and `;`, which starts parameters on some servers and is part of the name on others. */
const ENCODED_REFUSED: ReadonlySet<number> = new Set([0x5c, HASH, QUESTION, 0x3b]);

const ENCODED_SLASH = /%2f/i;

/** Path characters that every server treats alike with and without escape; `+` is not one of them. */
const NEEDS_NO_ESCAPE = /[A-Za-z0-9\-._~!$&'()*,=:@]/;

const REFUSED = 0;
const PLAIN = 1;
const SEPARATOR = 2;
/** Harmless unless it starts a segment. */
const LEADING = 3;
const ESCAPE = 4;

const KINDS = kinds();

function kinds(): Uint8Array {
  const table = new Uint8Array(128).fill(REFUSED);
  for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~!$&'()*+,=:@") {
    table[char.charCodeAt(0)] = PLAIN;
  }
  table[SLASH] = SEPARATOR;
  table['.'.charCodeAt(0)] = LEADING;
  table[';'.charCodeAt(0)] = ESCAPE;
  table[PERCENT] = ESCAPE;
  return table;
}
