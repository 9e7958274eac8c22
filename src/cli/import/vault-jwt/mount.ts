import type { IssuerType } from '../../../core/issuers/issuer-presets.ts';
import { knownIssuerTypes } from '../../../core/issuers/issuer-urls.ts';
import type { SourceNode } from '../../../config/index.ts';
import type { Differences } from '../imported.ts';
import { isEmpty, type SourceReader } from '../source-reader.ts';

/** The configuration of the auth method: `auth/jwt/config`. */
export interface VaultMount {
  readonly kind: 'mount';
  readonly line: number;
  readonly issuer: string;
  readonly type: IssuerType | undefined;
  readonly jwksUri: string | undefined;
}

const USED: ReadonlySet<string> = new Set(['oidc_discovery_url', 'bound_issuer', 'jwks_url']);

/** Settings without effect on the tokens of jobs. */
const IGNORED: ReadonlySet<string> = new Set(
  `default_role oidc_client_id oidc_response_mode oidc_response_types namespace_in_state
  unsupported_critical_cert_extensions`.split(/\s+/),
);

export function readMount(reader: SourceReader, data: SourceNode, differences: Differences): VaultMount {
  const entries = reader.entries(data, ['data']);
  const text = (key: string): string => reader.text(entries.get(key)?.value, ['data', key]) ?? '';
  const [discovery, bound, jwks] = [text('oidc_discovery_url'), text('bound_issuer'), text('jwks_url')];
  const issuer = bound === '' ? discovery : bound;
  if (!URL.canParse(issuer)) {
    const message = 'has neither user_claim nor an issuer: is this a role, or auth/jwt/config?';
    reader.refuse(data.mark, ['data'], message);
    return { kind: 'mount', line: data.mark.line, issuer, type: undefined, jwksUri: undefined };
  }
  for (const [key, { mark, value }] of entries)
    if (!USED.has(key) && !IGNORED.has(key) && !isEmpty(value))
      differences.add(mark.line, `${key}: ${reasonFor(key)}`);
  return {
    kind: 'mount',
    line: data.mark.line,
    issuer,
    type: knownIssuerTypes(issuer)[0],
    jwksUri: jwks === '' ? undefined : jwks,
  };
}

function reasonFor(key: string): string {
  if (key.endsWith('_ca_pem')) return 'write it to a file, and set issuers.X.caFile';
  if (key === 'jwt_supported_algs') return 'set issuers.X.algorithms';
  if (key === 'jwt_validation_pubkeys')
    return 'write the keys to a JSON Web Key Set, and set issuers.X.jwksFile';
  return 'no setting of the gateway corresponds to it';
}
