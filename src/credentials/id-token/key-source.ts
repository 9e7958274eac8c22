import { GatehouseError } from '../../core/errors.ts';
import type { EgressClient } from '../../core/ports.ts';
import { discoverJwksUri } from './discover.ts';
import { fetchDocument, MAX_DOCUMENT_BYTES, parseDocument, readWhole } from './fetch-document.ts';
import type { IssuerCore } from '../settings.ts';

/** The source of a key set: a file or a URL. */
export interface KeySource {
  /** Resolves to the JWK Set as parsed JSON, not validated. Rejects with a `GatehouseError`. */
  read(): Promise<unknown>;
  /** Milliseconds. Upper limit of the configured cooldown between reads for unknown key ids. */
  readonly cooldownLimit: number;
}

/** The file is read at most once a second, not watched: a watcher can miss a rename. */
const FILE_COOLDOWN = 1_000;

/** Selects the source: `jwksFile`, else `jwksUri`, else the `jwks_uri` of OpenID Connect Discovery. */
export function keySource(settings: IssuerCore, egress: EgressClient): KeySource {
  const { jwksFile, jwksUri } = settings;
  if (jwksFile !== undefined) {
    return { cooldownLimit: FILE_COOLDOWN, read: () => readFileSource(jwksFile) };
  }
  return {
    cooldownLimit: Number.POSITIVE_INFINITY,
    read: async () => {
      const url = jwksUri ?? (await discoverJwksUri(settings, egress));
      return fetchDocument(egress, url, settings);
    },
  };
}

async function readFileSource(file: string): Promise<unknown> {
  const body = await readWhole(file);
  if (body.length > MAX_DOCUMENT_BYTES)
    throw new GatehouseError('key_set_invalid', `${file} is larger than ${MAX_DOCUMENT_BYTES} bytes`);
  return parseDocument(body, file);
}
