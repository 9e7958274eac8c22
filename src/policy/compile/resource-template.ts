import { claimAt } from '../../core/credentials/claims.ts';
import type { Claims } from '../../core/credentials/credential.ts';
import { compileGlob, globTokens } from '../../util/glob.ts';
import type { Glob, GlobToken } from '../../util/glob.ts';
import { claimText, lowerAscii } from '../evaluate/claim-value.ts';

/** A resource pattern of a grant, `{claims.X}` not yet filled in. */
export interface ResourceTemplate {
  readonly source: string;
  expand(claims: Claims, pathClaims: readonly string[]): Expansion;
}

/** What a template is for one caller. */
export type Expansion = ResourcePattern | UnusableTemplate;

export interface ResourcePattern {
  readonly kind: 'pattern';
  readonly glob: Glob;
  /** Exactly `**`. */
  readonly everything: boolean;
  /** For people; a `*` that came from a claim is written `\*`. */
  readonly shown: string;
}

/** The template matches nothing. */
export interface UnusableTemplate {
  readonly kind: 'unusable';
  readonly claim: string;
  readonly why: string;
}

type Part = GlobToken | { readonly kind: 'claim'; readonly name: string };

const CLAIM = /\{claims\.([^{}]+)\}/;

/** Types whose resources are paths as they stand in a URL. */
const PATH_TYPES: ReadonlySet<string> = new Set(['http', 'generic']);

/** `serviceType` says how names are written there: lowercase on `oci`, percent-encoded where they are paths. */
export function compileTemplate(source: string, serviceType: string): ResourceTemplate {
  // Splitting by a pattern with one group gives text, claim, text, claim, …, text.
  const parts = source
    .split(CLAIM)
    .flatMap((text, index): Part[] => (index % 2 === 0 ? globTokens(text) : [{ kind: 'claim', name: text }]));
  const spell = PATH_TYPES.has(serviceType) ? encodePath : (text: string) => text;
  const fold = serviceType === 'oci' ? lowerAscii : (text: string) => text;

  const expand: ResourceTemplate['expand'] = (claims, pathClaims) => {
    const tokens: GlobToken[] = [];
    for (const part of parts) {
      switch (part.kind) {
        case 'literal':
          tokens.push({ kind: 'literal', text: spell(part.text) });
          break;
        case 'claim': {
          const isPath = pathClaims.includes(part.name);
          const value = claimText(claimAt(claims, part.name), isPath);
          if (value.kind === 'unusable') return { kind: 'unusable', claim: part.name, why: value.why };
          tokens.push({ kind: 'literal', text: spell(isPath ? fold(value.text) : value.text) });
          break;
        }
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
      everything: tokens.length === 1 && tokens[0]?.kind === 'globstar',
      shown: tokens.map(showToken).join(''),
    };
  };

  if (parts.some(({ kind }) => kind === 'claim')) return { source, expand };
  const constant = expand({}, []);
  return { source, expand: () => constant };
}

/** As a `CanonicalPath` has it: RFC 3986 pchar and `/` stand for themselves, all else is percent-encoded. */
function encodePath(text: string): string {
  return text.toWellFormed().replaceAll(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/gu, encodeURIComponent);
}

function showToken(token: GlobToken): string {
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
