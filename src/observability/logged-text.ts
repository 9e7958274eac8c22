import { redactCredentials } from '../core/credentials/credential-pattern.ts';
import { jsonTextUpTo } from '../util/json/text.ts';

/**
 * A text of a client, an issuer or an upstream as a JSON string in a log line. Redacted before it is truncated, because
 * the pattern does not match the start of every credential.
 */
export function loggedText(limit: number, text: string): string {
  return jsonTextUpTo(limit, redactCredentials(text));
}
