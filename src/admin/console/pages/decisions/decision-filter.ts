import { html } from 'hono/html';
import { OTHER_AUDIT_REASONS } from '../../../../core/records/audit-event.ts';
import type { DecisionFilter } from '../../../../core/records/decision-record.ts';
import { REASON_NAMES } from '../../../../core/reasons.ts';
import type { Html } from '../../console-page.ts';
import type { PolicyNames } from '../../policy-ports.ts';
import { choiceField, identityField, withLabels } from '../filter-fields.ts';
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
    ${choiceField('service', 'Service', filter.service, withLabels(names.services))}
    ${choiceField(
      'verdict',
      'Outcome',
      filter.verdict,
      Object.entries(VERDICTS).map(([key, { label }]) => [key, label]),
    )}
    ${choiceField('reason', 'Reason', filter.reason, withLabels([...OTHER_AUDIT_REASONS, ...REASON_NAMES]))}
    ${identityField(filter.identity, names)}
    <div>
      <label for="resource">Resource or path</label>
      <input id="resource" name="resource" value="${filter.resource ?? ''}" />
    </div>
    <button type="submit">Filter</button>
    ${isFiltered ? html`<a class="clear" href="/console/decisions">Show all</a>` : ''}
  </form>`;
}
