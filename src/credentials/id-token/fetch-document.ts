import { readFile } from 'node:fs/promises';
import { GatehouseError } from '../../core/errors.ts';
import type { EgressClient } from '../../core/ports.ts';

const DEADLINE = 5_000;
export const MAX_DOCUMENT_BYTES = 512 * 1024;

export interface DocumentAccess {
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
}

/** GET of a JSON document of an issuer. Redirects are not followed: any status but 200 is a failure. */
export async function fetchDocument(
  egress: EgressClient,
  url: string,
  access: DocumentAccess,
): Promise<unknown> {
  const headers = await requestHeaders(access);
  const limits = { deadline: DEADLINE, maxBytes: MAX_DOCUMENT_BYTES };
  const response = await egress
    .get({ url, headers, caFile: access.caFile, ...limits })
    .catch((cause: unknown) => Promise.reject(saying(url, cause)));
  if (response.status !== 200) {
    throw new GatehouseError('outbound_failed', `${url} answered ${response.status}`);
  }
  return parseDocument(response.body, url);
}

export function parseDocument(body: Buffer, from: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's message quotes what it read.
    throw new GatehouseError('key_set_invalid', `${from} is not JSON`);
  }
}

/** The same failure, naming the document: an issuer has two of them. */
function saying(url: string, cause: unknown): GatehouseError {
  const why = cause instanceof GatehouseError ? cause.message : 'unexpected error';
  return new GatehouseError('outbound_failed', `${url}: ${why}`, { cause });
}

export async function readWhole(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new GatehouseError('key_set_invalid', `cannot read ${file}: ${code}`, { cause });
  }
}

/** The token file is read each time: Kubernetes replaces projected tokens while the process runs. */
async function requestHeaders(access: DocumentAccess): Promise<Record<string, string>> {
  const accept = 'application/json, application/jwk-set+json';
  if (access.bearerTokenFile === undefined) return { accept };
  const token = (await readWhole(access.bearerTokenFile)).toString('latin1').trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new GatehouseError('key_set_invalid', `${access.bearerTokenFile} does not hold one token`);
  }
  return { accept, authorization: `Bearer ${token}` };
}
