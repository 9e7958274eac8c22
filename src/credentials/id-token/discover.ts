import { GatehouseError } from '../../core/errors.ts';
import { issuerForms } from '../../core/issuer-presets.ts';
import type { EgressClient } from '../../core/ports.ts';
import { isRecord } from '../../util/json/object.ts';
import { fetchDocument } from './fetch-document.ts';
import type { IssuerCore } from '../settings.ts';

/** Returns an issuer's `jwks_uri` (OpenID Connect Discovery 1.0 §4). Rejects with a `GatehouseError`. */
export async function discoverJwksUri(settings: IssuerCore, egress: EgressClient): Promise<string> {
  // For Entra this is the v2 issuer: the v1 issuer ends in a slash. Both have the same keys.
  const [issuer = settings.issuer] = issuerForms(settings.type, settings.issuer);
  const origin = trustworthyOrigin(issuer);
  // §4.1: remove a terminating slash before appending the well-known path.
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchDocument(egress, url, settings);
  if (!isRecord(document)) throw invalid(`${url} is not a JSON object`);
  // §4.3: the issuer must be exactly equal.
  if (document['issuer'] !== issuer) throw invalid(`${url} has an issuer other than ${issuer}`);
  return checkedJwksUri(document['jwks_uri'], origin, url);
}

/** Keys fetched over plain http cannot be trusted. Loopback is accepted for tests and demos. */
function trustworthyOrigin(issuer: string): string {
  const url = new URL(issuer);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return url.origin;
  throw invalid(`issuer ${issuer} is not https: configure jwksUri or jwksFile`);
}

function checkedJwksUri(value: unknown, origin: string, document: string): string {
  if (typeof value !== 'string' || !URL.canParse(value)) throw invalid(`${document} has no usable jwks_uri`);
  // A document must not direct the gateway, and its bearer token, to another server.
  if (new URL(value).origin !== origin) {
    throw invalid(`${document} has a jwks_uri outside ${origin}; if it is correct, configure it as jwksUri`);
  }
  return value;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('key_set_invalid', message);
}
