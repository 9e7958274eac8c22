import { deny, type Deny } from '../../core/decision.ts';
import type { ClientFacts } from '../../core/request/incoming.ts';
import { foldLoosely } from '../../util/http/header-name.ts';

/** The values of a contract's headers, by their lowercase names. */
export type Inputs = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the headers of a contract. Refuses another spelling of one (`X_Original_URL`): a proxy may replace only the usual
 * spelling of a header that the client sent.
 */
export function createInputReader(
  names: readonly string[],
): (rawHeaders: readonly string[]) => Inputs | Deny {
  const folded = new Set(names);
  // Clients use few spellings. Both limits bound the memory.
  const known = new Map<string, Kind>();

  function kindOf(name: string): Kind {
    const loose = foldLoosely(name);
    if (!folded.has(loose)) return 'other';
    return loose === name.toLowerCase() ? loose : VARIANT;
  }

  return function readInputs(rawHeaders) {
    const inputs = new Map<string, string[]>();
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] ?? '';
      let kind = known.get(name);
      if (kind === undefined) {
        kind = kindOf(name);
        if (known.size < MAX_KNOWN && name.length <= MAX_KNOWN_LENGTH) known.set(name, kind);
      }
      if (kind === 'other') continue;
      if (kind === VARIANT) return deny('request_malformed', 'a header that reads as one of the proxy');
      const values = inputs.get(kind);
      if (values === undefined) inputs.set(kind, [rawHeaders[i + 1] ?? '']);
      else values.push(rawHeaders[i + 1] ?? '');
    }
    return inputs;
  };
}

/** `other`, a variant spelling, or the name of an input. */
type Kind = string;
const VARIANT = '';

const MAX_KNOWN = 500;
const MAX_KNOWN_LENGTH = 64;

/** The value of a header that the proxy sets once. */
export function single(inputs: Inputs, name: string): string | Deny {
  const [value = '', ...others] = inputs.get(name) ?? [];
  if (value === '') return deny('request_malformed', `the subrequest has no ${name}`);
  return others.length === 0 ? value : deny('request_malformed', `the subrequest has more than one ${name}`);
}

/** Traefik reports WebSocket handshakes as ws and wss. */
export function schemeOf(text: string): ClientFacts['proto'] | Deny {
  switch (text.toLowerCase()) {
    case 'http':
    case 'ws':
      return 'http';
    case 'https':
    case 'wss':
      return 'https';
    default:
      return deny('request_malformed', 'the scheme of the subrequest is neither http nor https');
  }
}
