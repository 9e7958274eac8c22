import { html } from 'hono/html';
import { OTHER_AUDIT_REASONS } from '../../../../core/audit-event.ts';
import type { DecisionFilter } from '../../../../core/decision-record.ts';
import { REASON_NAMES } from '../../../../core/reasons.ts';
import type { Html } from '../../console-page.ts';
import type { PolicyNames } from '../../policy-ports.ts';
import { identityOptions } from '../identity-options.ts';
import { VERDICTS } from './verdict-badge.ts';

const FIELDS = ['service', 'verdict', 'reason', 'identity', 'resource'] as const;

/** Reads the filter of a query; empty parameters select all. */
export function readDecisionFilter(parameter: (name: string) => string | undefined): DecisionFilter {
  return Object.fromEntries(
    FIELDS.map((field) => [field, parameter(field)?.trim() || undefined]).filter(
      ([, value]) => value !== undefined,
    ),
  ) as DecisionFilter;
}

export function filterForm(filter: DecisionFilter, names: PolicyNames): Html {
  const isFiltered = Object.keys(filter).length > 0;
  return html`<form class="fields filter" method="get" action="/console/decisions" role="search">
    ${choice('service', 'Service', filter.service, withLabels(names.services))}
    ${choice(
      'verdict',
      'Outcome',
      filter.verdict,
      Object.entries(VERDICTS).map(([key, { label }]) => [key, label]),
    )}
    ${choice('reason', 'Reason', filter.reason, withLabels([...OTHER_AUDIT_REASONS, ...REASON_NAMES]))}
    <div>
      <label for="identity">Identity</label>
      <input
        id="identity"
        name="identity"
        list="identities"
        autocomplete="off"
        value="${filter.identity ?? ''}"
      />
      ${identityOptions(names)}
    </div>
    <div>
      <label for="resource">Resource or path</label>
      <input id="resource" name="resource" value="${filter.resource ?? ''}" />
    </div>
    <button type="submit">Filter</button>
    ${isFiltered ? html`<a class="clear" href="/console/decisions">Show all</a>` : ''}
  </form>`;
}

function choice(
  name: string,
  label: string,
  selected: string | undefined,
  options: readonly (readonly [string, string])[],
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

function withLabels(values: readonly string[]): readonly (readonly [string, string])[] {
  return values.map((value) => [value, value]);
}
