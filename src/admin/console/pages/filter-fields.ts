import { html } from 'hono/html';
import type { Html } from '../console-page.ts';
import type { PolicyNames } from '../policy-ports.ts';

/** A policy can have thousands of identities; the field accepts all of them. */
const MAX_OPTIONS = 500;

/** The text field of a filter for an identity, with suggestions. */
export function identityField(
  value: string | undefined,
  { identities }: Pick<PolicyNames, 'identities'>,
  placeholder = '',
): Html {
  return html`<div>
    <label for="identity">Identity</label>
    <input
      id="identity"
      name="identity"
      list="identities"
      autocomplete="off"
      value="${value ?? ''}"
      placeholder="${placeholder}"
    />
    <datalist id="identities">
      ${identities.slice(0, MAX_OPTIONS).map((name) => html`<option value="${name}"></option>`)}
    </datalist>
  </div>`;
}

/** The selection of a filter: one of the values, which have labels, or all. */
export function choiceField(
  name: string,
  label: string,
  selected: string | undefined,
  options: readonly (readonly [value: string, label: string])[],
): Html {
  return html`<div>
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      <option value="">All</option>
      ${options.map(
        ([value, text]) =>
          html`<option value="${value}" ${value === selected ? html`selected` : ''}>${text}</option>`,
      )}
    </select>
  </div>`;
}

/** Values that are their own labels. */
export function withLabels(values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [value, value]);
}
