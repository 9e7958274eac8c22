import { readFile } from 'node:fs/promises';
import type { EgressClient } from '../../core/ports.ts';
import { invalidKeySet, type KeySetFailure } from './key-set-failure.ts';

const DEADLINE = 5_000;
export const MAX_DOCUMENT_BYTES = 512 * 1024;

export interface DocumentAccess {
  readonly caFile?: string | undefined;
  readonly bearerTokenFile?: string | undefined;
}

/** A JSON document, not validated. */
export interface JsonDocument {
  readonly kind: 'document';
  readonly value: unknown;
}

/** Fetches a JSON document. Every status but 200 is a failure, redirects included. */
export async function fetchDocument(
  egress: EgressClient,
  url: string,
  access: DocumentAccess,
): Promise<JsonDocument | KeySetFailure> {
  const credential = await readBearerToken(access.bearerTokenFile);
  if (credential.kind !== 'headers') return credential;
  const headers = { accept: 'application/json, application/jwk-set+json', ...credential.headers };
  const limits = { deadline: DEADLINE, maxBytes: MAX_DOCUMENT_BYTES };
  const result = await egress.get({ url, headers, caFile: access.caFile, pool: 'key sets', ...limits });
  switch (result.kind) {
    case 'response':
      if (result.status === 200) return parseDocument(result.body, url);
      return { kind: 'outbound_failed', detail: `${url} returned ${result.status}` };
    case 'unreachable':
    case 'failed':
      // An issuer has two documents.
      return { kind: 'outbound_failed', detail: `${url}: ${result.detail}` };
    default:
      return result satisfies never;
  }
}

export function parseDocument(body: Buffer, from: string): JsonDocument | KeySetFailure {
  try {
    return { kind: 'document', value: JSON.parse(body.toString('utf8')) };
  } catch {
    // The parser's message is omitted: it quotes the content.
    return invalidKeySet(`${from} is not JSON`);
  }
}

/** The content of a file. */
interface FileContent {
  readonly kind: 'content';
  readonly body: Buffer;
}

export async function readWhole(file: string): Promise<FileContent | KeySetFailure> {
  try {
    return { kind: 'content', body: await readFile(file) };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    return invalidKeySet(`cannot read ${file}: ${code}`);
  }
}

/** Reads the token file for each request, because Kubernetes rotates projected tokens. */
async function readBearerToken(
  file: string | undefined,
): Promise<{ readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> } | KeySetFailure> {
  if (file === undefined) return { kind: 'headers', headers: {} };
  const content = await readWhole(file);
  if (content.kind !== 'content') return content;
  const token = content.body.toString('latin1').trim();
  if (!/^[\x21-\x7e]+$/.test(token)) return invalidKeySet(`${file} does not contain exactly one token`);
  return { kind: 'headers', headers: { authorization: `Bearer ${token}` } };
}
