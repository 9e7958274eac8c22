import { ISSUER_PRESETS } from '../../core/issuers/issuer-presets.ts';
import type { EgressClient } from '../../core/ports.ts';
import { discoverJwksUri } from './discover.ts';
import { fetchDocument, MAX_DOCUMENT_BYTES, parseDocument, readWhole } from './fetch-document.ts';
import type { JsonDocument } from './fetch-document.ts';
import { invalidKeySet, type KeySetFailure } from './key-set-failure.ts';
import type { KeySetForm } from './read-key-set.ts';
import type { IssuerCore } from '../settings.ts';

/** The source of a key set: a file or a URL. */
export interface KeySource {
  /** Reads the JWK Set as parsed JSON, not validated. */
  read(): Promise<JsonDocument | KeySetFailure>;
  /** Milliseconds. Upper limit of the configured cooldown between reads for unknown key ids. */
  readonly cooldownLimit: number;
  /** Which keys of the document verify tokens. */
  readonly form: KeySetForm;
}

/** The file is read at most once a second, not watched: a watcher can miss a rename. */
const FILE_COOLDOWN = 1_000;

/** Selects the source: `jwksFile`, else `jwksUri`, else the `jwks_uri` of OpenID Connect Discovery. */
export function keySource(settings: IssuerCore, egress: EgressClient): KeySource {
  const { jwksFile, jwksUri } = settings;
  const form = ISSUER_PRESETS[settings.type].tokenForm === 'jwt_svid' ? 'spiffe_bundle' : 'jwks';
  if (jwksFile !== undefined) {
    return { form, cooldownLimit: FILE_COOLDOWN, read: () => readFileSource(jwksFile) };
  }
  return {
    form,
    cooldownLimit: Number.POSITIVE_INFINITY,
    read: async () => {
      if (jwksUri !== undefined) return fetchDocument(egress, jwksUri, settings);
      const discovered = await discoverJwksUri(settings, egress);
      return discovered.kind === 'jwks-uri' ? fetchDocument(egress, discovered.url, settings) : discovered;
    },
  };
}

async function readFileSource(file: string): Promise<JsonDocument | KeySetFailure> {
  const content = await readWhole(file);
  if (content.kind !== 'content') return content;
  if (content.body.length > MAX_DOCUMENT_BYTES)
    return invalidKeySet(`${file} is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  return parseDocument(content.body, file);
}
