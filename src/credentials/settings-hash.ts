import { hash } from 'node:crypto';
import { basename } from 'node:path';
import type { IssuerSettings } from './settings.ts';

/**
 * Identifies the issuer settings that decide whether an ID token is genuine. Minted tokens repeat it, so that a change of
 * those settings ends them as it ends cached verifications. When keys are fetched is not one of them; of files the name
 * counts, because replicas may keep them in different folders.
 */
export function idTokenSettingsHash(settings: IdTokenSettings): string {
  const { type, issuer, jwksUri, jwksFile, caFile, algorithms, maxTokenLifetime } = settings;
  return digest([type, issuer, jwksUri, fileName(jwksFile), fileName(caFile), algorithms, maxTokenLifetime]);
}

/** The same of the settings by which a GitLab is asked about job tokens and its deploy tokens. */
export function introspectionSettingsHash({
  issuer,
  apiUrl = issuer,
  caFile,
}: IntrospectionSettings): string {
  return digest([issuer, apiUrl, fileName(caFile)]);
}

type IdTokenSettings = Pick<
  IssuerSettings,
  'type' | 'issuer' | 'jwksUri' | 'jwksFile' | 'caFile' | 'algorithms' | 'maxTokenLifetime'
>;

type IntrospectionSettings = Pick<IssuerSettings, 'issuer' | 'apiUrl' | 'caFile'>;

function fileName(path: string | undefined): string | undefined {
  return path === undefined ? undefined : basename(path);
}

/** Every request carries it: 96 bits are enough, because nothing but this gateway signs it. */
function digest(values: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(values), 'base64url').slice(0, 16);
}
