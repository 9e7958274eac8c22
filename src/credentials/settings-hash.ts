import { hash } from 'node:crypto';
import { basename } from 'node:path';
import type { IssuerSettings } from './settings.ts';

/**
 * Hash of the issuer settings that decide whether an ID token is genuine. Minted tokens contain it, so that a
 * change of these settings invalidates them like cached verifications. Key refresh settings are excluded. For
 * files only the name is included, because replicas can store them in different directories.
 */
export function idTokenSettingsHash(settings: IdTokenSettings): string {
  const { type, issuer, jwksUri, jwksFile, caFile, algorithms, maxTokenLifetime, tokenTypes } = settings;
  const values = [type, issuer, jwksUri, fileName(jwksFile), fileName(caFile), algorithms, maxTokenLifetime];
  // Appended only where it is set, so that the hashes of earlier versions stay valid.
  return digest(tokenTypes === undefined ? values : [...values, tokenTypes]);
}

/** Hash of the issuer settings that decide how GitLab verifies job tokens and deploy tokens. */
export function introspectionSettingsHash({
  issuer,
  apiUrl = issuer,
  caFile,
}: IntrospectionSettings): string {
  return digest([issuer, apiUrl, fileName(caFile)]);
}

type IdTokenSettings = Pick<
  IssuerSettings,
  'type' | 'issuer' | 'jwksUri' | 'jwksFile' | 'caFile' | 'algorithms' | 'maxTokenLifetime' | 'tokenTypes'
>;

type IntrospectionSettings = Pick<IssuerSettings, 'issuer' | 'apiUrl' | 'caFile'>;

function fileName(path: string | undefined): string | undefined {
  return path === undefined ? undefined : basename(path);
}

/** 96 bits keep tokens short and are sufficient, because only the gateway signs the hash. */
function digest(values: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(values), 'base64url').slice(0, 16);
}
