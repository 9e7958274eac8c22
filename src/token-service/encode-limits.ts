import type { TokenLimits } from '../core/credentials/credential.ts';
import type { EncodedLimits } from '../core/credentials/minted-token.ts';

/** Bytes. A token of 16 KiB is refused, so a derived token does not repeat longer limits of its parent. */
const MAX_LENGTH = 2048;

/** The limits as JSON, or undefined if they are too long. */
export function encodeLimits(limits: TokenLimits): EncodedLimits | undefined {
  const encoded = toJson(limits);
  return JSON.stringify(encoded).length > MAX_LENGTH ? undefined : encoded;
}

function toJson(limits: TokenLimits): EncodedLimits {
  switch (limits.kind) {
    case 'scopes':
      return { scopes: [...limits.scopes] };
    case 'resources': {
      const resources = [...limits.resources].map(([name, scopes]) => [name, [...scopes]] as const);
      return { resources: Object.fromEntries(resources) };
    }
    default:
      return limits satisfies never;
  }
}
