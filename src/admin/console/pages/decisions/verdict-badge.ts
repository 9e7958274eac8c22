import { html } from 'hono/html';
import type { DecisionRecord, DecisionVerdict } from '../../../../core/records/decision-record.ts';
import type { Html } from '../../console-page.ts';

/** The words and the class of each outcome. */
export const VERDICTS = {
  allowed: { label: 'allowed', kind: 'good' },
  failed: { label: 'allowed, then failed', kind: 'warning' },
  denied: { label: 'denied', kind: 'bad' },
  unable: { label: 'undecided', kind: 'warning' },
  left: { label: 'client left', kind: '' },
} as const satisfies Record<DecisionVerdict, { readonly label: string; readonly kind: string }>;

export function verdictBadge({ verdict, shadowed }: Pick<DecisionRecord, 'verdict' | 'shadowed'>): Html {
  if (verdict === 'allowed' && shadowed !== undefined)
    return html`<span class="badge warning">allowed by shadow mode</span>`;
  const { label, kind } = VERDICTS[verdict];
  return html`<span class="badge ${kind}">${label}</span>`;
}
