import { html } from 'hono/html';
import type { Html } from '../console-page.ts';
import type { PolicyNames } from '../policy-ports.ts';

/** A policy can have thousands of identities; the field accepts all of them. */
const MAX_OPTIONS = 500;

/** Suggestions for a field with `list="identities"`. */
export function identityOptions({ identities }: Pick<PolicyNames, 'identities'>): Html {
  return html`<datalist id="identities">
    ${identities.slice(0, MAX_OPTIONS).map((name) => html`<option value="${name}"></option>`)}
  </datalist>`;
}
