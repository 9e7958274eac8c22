import { readFile } from 'node:fs/promises';
import { GatehouseError } from '../../core/errors.ts';
import type { EgressClient } from '../../core/ports.ts';

const DEADLINE = 5_000;
export const MAX_DOCUMENT_BYTES = 512 * 1024;

export interface DocumentAccess {
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
}

/** Fetches a JSON document. Rejects for every status but 200, redirects included. */
export async function fetchDocument(
  egress: EgressClient,
  url: string,
  access: DocumentAccess,
): Promise<unknown> {
  const headers = await requestHeaders(access);
  const limits = { deadline: DEADLINE, maxBytes: MAX_DOCUMENT_BYTES };
  const response = await egress
    .get({ url, headers, caFile: access.caFile, pool: 'key sets', ...limits })
    .catch((cause: unknown) => Promise.reject(withUrl(url, cause)));
  if (response.status !== 200) {
    throw new GatehouseError('outbound_failed', `${url} returned ${response.status}`);
  }
  return parseDocument(response.body, url);
}

/** Parses JSON. Throws `key_set_invalid`. */
export function parseDocument(body: Buffer, from: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // The parser's message is omitted: it quotes the content.
    throw new GatehouseError('key_set_invalid', `${from} is not JSON`);
  }
}

/** Adds the URL to a failure, because an issuer has two documents. */
function withUrl(url: string, cause: unknown): GatehouseError {
  const problem = cause instanceof GatehouseError ? cause.message : 'unexpected error';
  return new GatehouseError('outbound_failed', `${url}: ${problem}`, { cause });
}

/** Reads a file. Rejects with `key_set_invalid`. */
export async function readWhole(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new GatehouseError('key_set_invalid', `cannot read ${file}: ${code}`, { cause });
  }
}

/** Reads the token file for each request, because Kubernetes rotates projected tokens. */
async function requestHeaders(access: DocumentAccess): Promise<Record<string, string>> {
  const accept = 'application/json, application/jwk-set+json';
  if (access.bearerTokenFile === undefined) return { accept };
  const token = (await readWhole(access.bearerTokenFile)).toString('latin1').trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new GatehouseError(
      'key_set_invalid',
      `${access.bearerTokenFile} does not contain exactly one token`,
    );
  }
  return { accept, authorization: `Bearer ${token}` };
}
