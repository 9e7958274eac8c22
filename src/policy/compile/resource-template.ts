import { claimAt } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { compileGlob, globTokens } from '../../util/text/glob.ts';
import type { Glob, GlobToken } from '../../util/text/glob.ts';
import { claimText, lowerAscii } from '../evaluate/claim-value.ts';

/** A resource pattern of a grant, with placeholders `{claims.X}`. */
export interface ResourceTemplate {
  /** The pattern as configured. */
  readonly source: string;
  /** The pattern in the spelling of the service type, with its placeholders. */
  readonly parts: readonly TemplatePart[];
  /** Replaces the placeholders by claim values. */
  expand(claims: Claims, pathClaims: readonly string[]): Expansion;
}

/** A template expanded for one caller. */
export type Expansion = ResourcePattern | InvalidExpansion;

export interface ResourcePattern {
  readonly kind: 'pattern';
  readonly glob: Glob;
  readonly tokens: readonly GlobToken[];
  /** True if the pattern is exactly `**`. */
  readonly everything: boolean;
  /** The pattern as text for display; a `*` from a claim is written `\*`. */
  readonly display: string;
}

/** A claim of the template is missing or invalid, so the template matches no resource. */
export interface InvalidExpansion {
  readonly kind: 'invalid';
  readonly claim: string;
  /** The problem, as a verb phrase after the claim's name. */
  readonly detail: string;
}

export type TemplatePart = GlobToken | { readonly kind: 'claim'; readonly name: string };

const CLAIM = /\{claims\.([^{}]+)\}/;

/** Service types whose resources are URL paths. */
const PATH_TYPES: ReadonlySet<string> = new Set(['http', 'generic']);

/**
 * Compiles a pattern. The service type sets the spelling of names: lowercase for `oci`, percent-encoded for
 * URL paths.
 */
export function compileTemplate(source: string, serviceType: string): ResourceTemplate {
  // Splitting by a pattern with one group gives alternating text and claim names.
  const encode = PATH_TYPES.has(serviceType) ? encodePath : (text: string) => text;
  const parts = source
    .split(CLAIM)
    .flatMap((text, index): TemplatePart[] =>
      index % 2 === 0
        ? globTokens(text).map((token) =>
            token.kind === 'literal' ? { ...token, text: encode(token.text) } : token,
          )
        : [{ kind: 'claim', name: text }],
    );
  const fold = serviceType === 'oci' ? lowerAscii : (text: string) => text;

  const expand: ResourceTemplate['expand'] = (claims, pathClaims) => {
    const tokens: GlobToken[] = [];
    for (const part of parts) {
      switch (part.kind) {
        case 'claim': {
          const isPath = pathClaims.includes(part.name);
          const value = claimText(claimAt(claims, part.name), isPath);
          if (value.kind === 'invalid') return { kind: 'invalid', claim: part.name, detail: value.detail };
          tokens.push({ kind: 'literal', text: encode(isPath ? fold(value.text) : value.text) });
          break;
        }
        case 'literal':
        case 'star':
        case 'globstar':
          tokens.push(part);
          break;
        default:
          part satisfies never;
      }
    }
    return {
      kind: 'pattern',
      glob: compileGlob(tokens),
      tokens,
      everything: tokens.length === 1 && tokens[0]?.kind === 'globstar',
      display: tokens.map(displayToken).join(''),
    };
  };

  if (parts.some(({ kind }) => kind === 'claim')) return { source, parts, expand };
  const constant = expand({}, []);
  return { source, parts, expand: () => constant };
}

/** Encodes text like a `CanonicalPath`: everything except `/` and RFC 3986 pchar is percent-encoded. */
function encodePath(text: string): string {
  return text.toWellFormed().replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu, encodeURIComponent);
}

function displayToken(token: GlobToken): string {
  switch (token.kind) {
    case 'literal':
      return token.text.replaceAll('*', '\\*');
    case 'star':
      return '*';
    case 'globstar':
      return '**';
    default:
      return token satisfies never;
  }
}
