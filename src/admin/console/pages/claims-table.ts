import { html } from 'hono/html';
import { claimAt, plainClaimName } from '../../../core/credentials/claims.ts';
import type { Claims } from '../../../core/credentials/credential.ts';
import type { Html } from '../console-page.ts';
import type { ShownClaims } from '../policy-ports.ts';
import { shownClaim } from './texts.ts';

/** The claims that the policy evaluates, then the others. */
export function claimsTable(claims: Claims, { used, shown }: ShownClaims): Html {
  if (!shown)
    return html`<p class="note">
      Claims are not shown, because <code>audit.claims</code> is <code>none</code>.
    </p>`;
  const evaluated = [...used].filter((name) => claimAt(claims, name) !== undefined);
  const names = new Set(evaluated.map(plainClaimName));
  const others = Object.keys(claims).filter((name) => !names.has(name));
  if (evaluated.length + others.length === 0) return html`<p class="note">The credential has no claims.</p>`;
  return html`${
    evaluated.length === 0
      ? html`<p class="note">The policy evaluates none of these claims.</p>`
      : rows('Claims that the policy evaluates', evaluated, claims)
  }
  ${
    others.length === 0
      ? ''
      : html`<details>
          <summary>Other claims (${others.length})</summary>
          ${rows('Other claims', others, claims)}
        </details>`
  }`;
}

function rows(label: string, names: readonly string[], claims: Claims): Html {
  return html`<div class="table-box" tabindex="0" role="region" aria-label="${label}">
    <table class="claims">
      <caption>
        ${label}
      </caption>
      <tbody>
        ${names.map(
          (name) =>
            html`<tr>
              <th scope="row"><code>${shownClaim(name).slice(1, -1)}</code></th>
              <td><code>${shownClaim(claimAt(claims, name))}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
