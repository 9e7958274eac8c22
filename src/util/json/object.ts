import { hasDuplicateKey } from './duplicate-keys.ts';

export type JsonObject =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'invalid'; readonly detail: string };

/** Keeps a BOM, so that JSON.parse refuses it; throws for invalid UTF-8 instead of decoding to U+FFFD. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads one JSON object that all parsers read alike. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { kind: 'invalid', detail: 'is not UTF-8' };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'invalid', detail: 'is not JSON' };
  }
  if (!isRecord(value)) return { kind: 'invalid', detail: 'is not a JSON object' };
  if (hasDuplicateKey(text, value)) return { kind: 'invalid', detail: 'names a member twice' };
  return { kind: 'object', value };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
