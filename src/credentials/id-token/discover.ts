import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import { issuerForms } from '../../core/issuers/issuer-urls.ts';
import type { EgressClient } from '../../core/ports.ts';
import { isRecord } from '../../util/json/object.ts';
import { quoted } from '../../util/text/quoted.ts';
import { fetchDocument } from './fetch-document.ts';
import { invalidKeySet, type KeySetFailure } from './key-set-failure.ts';
import type { IssuerCore } from '../settings.ts';

interface JwksUri {
  readonly kind: 'jwks-uri';
  readonly url: string;
}

/** Reads an issuer's `jwks_uri` (OpenID Connect Discovery 1.0 §4). */
export async function discoverJwksUri(
  settings: IssuerCore,
  egress: EgressClient,
): Promise<JwksUri | KeySetFailure> {
  // For Entra this is the v2 issuer: the v1 issuer ends in a slash. Both have the same keys.
  const [issuer = settings.issuer] = issuerForms(settings.type, settings.issuer);
  const { origin, protocol, hostname } = new URL(issuer);
  const { keyOrigins = [] } = ISSUER_PRESETS[settings.type];
  // Keys fetched over plain http cannot be trusted. Loopback is accepted for tests and demos.
  if (protocol !== 'https:' && !isLoopback(hostname))
    return invalidKeySet(`issuer ${issuer} is not https: configure jwksUri or jwksFile`);
  // §4.1: remove a terminating slash before appending the well-known path.
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchDocument(egress, url, settings);
  if (document.kind !== 'document') return document;
  if (!isRecord(document.value)) return invalidKeySet(`${url} is not a JSON object`);
  // §4.3: the issuer must be exactly equal.
  const stated = document.value['issuer'];
  if (typeof stated !== 'string') return invalidKeySet(`${url} has no issuer`);
  if (stated !== issuer) return invalidKeySet(`${url} has the issuer ${quoted(stated)}, not ${issuer}`);
  return readJwksUri(document.value['jwks_uri'], [origin, ...keyOrigins], url);
}

function readJwksUri(value: unknown, origins: readonly string[], document: string): JwksUri | KeySetFailure {
  if (typeof value !== 'string' || !URL.canParse(value))
    return invalidKeySet(`${document} has no usable jwks_uri`);
  // A document must not direct the gateway, and its bearer token, to another server.
  if (!origins.includes(new URL(value).origin)) {
    const advice = 'if it is correct, configure it as jwksUri';
    return invalidKeySet(`${document} has a jwks_uri outside ${origins.join(' and ')}; ${advice}`);
  }
  return { kind: 'jwks-uri', url: value };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
