import { GatehouseError } from '../../core/errors.ts';
import { issuerForms } from '../../core/issuer-presets.ts';
import type { EgressClient } from '../../core/ports.ts';
import { isRecord } from '../../util/json/object.ts';
import { fetchDocument } from './fetch-document.ts';
import type { IssuerCore } from '../settings.ts';

/** Where an issuer's keys are, by OpenID Connect Discovery 1.0 §4. */
export async function discoverJwksUri(settings: IssuerCore, egress: EgressClient): Promise<string> {
  // Of Entra's two forms only the v2 document names an `issuer` without a trailing slash trap; the keys are the same.
  const [issuer = settings.issuer] = issuerForms(settings.type, settings.issuer);
  const origin = trustworthyOrigin(issuer);
  // §4.1: a terminating slash is removed before the well-known path is appended.
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = await fetchDocument(egress, url, settings);
  if (!isRecord(document)) throw invalid(`${url} is not a discovery document`);
  // §4.3: it must be exactly the issuer that was asked for, or anybody's document would do.
  if (document['issuer'] !== issuer) throw invalid(`${url} names another issuer than ${issuer}`);
  return checkedJwksUri(document['jwks_uri'], origin, url);
}

/** Keys that came over a network in the clear would vouch for nothing; loopback is for tests and demos. */
function trustworthyOrigin(issuer: string): string {
  const url = new URL(issuer);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return url.origin;
  throw invalid(`issuer ${issuer} is not https: configure jwksUri or jwksFile`);
}

function checkedJwksUri(value: unknown, origin: string, document: string): string {
  if (typeof value !== 'string' || !URL.canParse(value)) throw invalid(`${document} has no usable jwks_uri`);
  // A document must not be able to point us (and a bearer token) at any other server.
  if (new URL(value).origin !== origin) {
    throw invalid(`${document} has a jwks_uri outside ${origin}: if it is right, configure it as jwksUri`);
  }
  return value;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function invalid(message: string): GatehouseError {
  return new GatehouseError('key_set_invalid', message);
}
