import { html } from 'hono/html';
import { redactCredentials } from '../../../core/credentials/credential-pattern.ts';
import { jsonText, jsonValueText } from '../../../util/json/text.ts';

/** A text that a client or an issuer chose: without credentials, control characters and bidirectional controls. */
export function clientText(text: string): string {
  return redactCredentials(jsonText(text).slice(1, -1).replaceAll('\\"', '"'));
}

/** The value of a claim as JSON, which shows the difference between "20" and 20. */
export function shownClaim(value: unknown): string {
  return redactCredentials(jsonValueText(value));
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kibibytes = bytes / 1024;
  return kibibytes < 1024 ? `${kibibytes.toFixed(1)} KiB` : `${(kibibytes / 1024).toFixed(1)} MiB`;
}

/** Groups of three digits. */
export function numberText(number: number): string {
  return number.toLocaleString('en-US');
}

/** A cell or a fact without a value. */
export const NOTHING = html`<span class="nothing">–</span>`;

/** The address of a page with the parameters that have a value. */
export function addressWith(path: string, parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

export const POLICY_STYLES = html`<link rel="stylesheet" href="/console/assets/policy.css" />`;
