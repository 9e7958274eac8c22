import { GatehouseError } from '../../core/errors.ts';
import type { EgressClient } from '../../core/ports.ts';
import { discoverJwksUri } from './discover.ts';
import { fetchDocument, MAX_DOCUMENT_BYTES, parseDocument, readWhole } from './fetch-document.ts';
import type { IssuerCore } from '../settings.ts';

/** Where a key set comes from. */
export interface KeySource {
  /** The JWK Set as parsed JSON, unchecked. Rejects with a `GatehouseError`. */
  read(): Promise<unknown>;
  /** Milliseconds: the least time between two reads that unknown key ids cause, whatever the configuration says. */
  readonly cooldownLimit: number;
}

/** A file is read rather than watched: looking once a second costs less than a watcher that misses a rename. */
const FILE_COOLDOWN = 1_000;

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
  if (body.length > MAX_DOCUMENT_BYTES) throw new GatehouseError('key_set_invalid', `${file} is too large`);
  return parseDocument(body, file);
}
