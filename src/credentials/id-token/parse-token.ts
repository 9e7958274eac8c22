import { deny } from '../../core/decision.ts';
import type { Deny } from '../../core/decision.ts';
import { decodeBase64url } from '../../util/text/base64url.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { remember } from '../../util/text/remember.ts';

type Members = Readonly<Record<string, unknown>>;

/** The decoded parts of a token. Nothing is verified. */
export interface ParsedToken {
  readonly kind: 'parsed';
  readonly header: Members;
  readonly payload: Members;
}

/**
 * Parses a JWS in compact serialization (RFC 7515 §7.1). Only the canonical base64url encoding is accepted.
 */
export function parseToken(token: string): ParsedToken | Deny {
  const parts = token.split('.', 6);
  const [header, payload, signature] = parts;
  // Five parts are a JWE (RFC 7516 §7.1), which is not supported.
  if (parts.length !== 3 || !header || !payload || !signature) {
    return deny('credential_malformed', 'the token does not have three parts');
  }
  if (decodeBase64url(signature) === undefined) {
    return deny('credential_malformed', 'the signature is not canonical base64url');
  }
  const readHeader = parseHeader(header);
  if (readHeader.kind === 'deny') return readHeader;
  const readPayload = parsePart(payload, 'payload');
  if (readPayload.kind === 'deny') return readPayload;
  return { kind: 'parsed', header: readHeader.value, payload: readPayload.value };
}

/** The tokens of one key have the same header. */
const parseHeader = remember((header) => parsePart(header, 'header'));

function parsePart(part: string, name: string): { readonly kind: 'object'; readonly value: Members } | Deny {
  const bytes = decodeBase64url(part);
  if (bytes === undefined) return deny('credential_malformed', `the ${name} is not canonical base64url`);
  const read = parseJsonObject(bytes);
  return read.kind === 'object' ? read : deny('credential_malformed', `the ${name} ${read.detail}`);
}
