import { html } from 'hono/html';
import type { AccessEntry, AccessMatrix } from '../../../../core/access-entry.ts';
import type { Html } from '../../console-page.ts';
import { addressWith, NOTHING, numberText } from '../texts.ts';

/** Rows of one list. */
const MAX_ENTRIES = 300;

/** Identities × services, with the scopes of each. */
export function matrixTable({ services, rows }: AccessMatrix): Html {
  if (rows.length === 0) return html`<p class="empty">The policy has no grant for this selection.</p>`;
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Identities and services">
    <table class="matrix">
      <thead>
        <tr>
          <th scope="col">Identity</th>
          ${services.map(
            (service) =>
              html`<th scope="col">
                <a href="${addressWith('/console/access', { service })}">${service}</a>
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${rows.map(({ name, kind, scopes }) => matrixRow(services, name, kind, scopes))}
      </tbody>
    </table>
  </div>`;
}

function matrixRow(
  services: readonly string[],
  name: string,
  kind: AccessEntry['kind'],
  scopes: readonly (readonly string[])[],
): Html {
  const identity = kind === 'anonymous' || kind === 'shadow' ? undefined : name;
  const label =
    identity === undefined
      ? html`${name}`
      : html`<a href="${addressWith('/console/access', { identity })}">${name}</a>`;
  return html`<tr>
    <th scope="row">${label}</th>
    ${services.map((service, column) => {
      const held = scopes[column] ?? [];
      return html`<td>
        ${
          held.length === 0
            ? html`<span aria-label="no access to ${service}">${NOTHING}</span>`
            : held.map((scope) => html`<code class="scope">${scope}</code> `)
        }
      </td>`;
    })}
  </tr>`;
}

/** The ways to reach resources, with their conditions. */
export function entryTable(entries: readonly AccessEntry[]): Html {
  if (entries.length === 0)
    return html`<p class="empty">No identity, deploy token or anonymous rule has this access.</p>`;
  const shown = entries.slice(0, MAX_ENTRIES);
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Access">
      <table class="access">
        <thead>
          <tr>
            <th scope="col">Holder</th>
            <th scope="col">Service</th>
            <th scope="col">Scope</th>
            <th scope="col">Resources</th>
            <th scope="col">If all of</th>
            <th scope="col">Rule</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(entryRow)}
        </tbody>
      </table>
    </div>
    ${
      shown.length === entries.length
        ? ''
        : html`<p class="note">The first ${shown.length} of ${numberText(entries.length)} entries.</p>`
    }`;
}

const HOLDERS: Readonly<Record<AccessEntry['kind'], string>> = {
  identity: 'identity',
  deploy_token: 'deploy token',
  anonymous: 'anonymous rule',
  shadow: 'shadow mode',
};

function entryRow({ kind, name, conditions, service, scope, resource, rule }: AccessEntry): Html {
  return html`<tr>
    <th scope="row">${name} <span class="soft">${HOLDERS[kind]}</span></th>
    <td>${service}</td>
    <td><code class="scope">${scope}</code></td>
    <td><code>${resource}</code></td>
    <td>
      ${
        conditions.length === 0
          ? html`<span class="soft">always</span>`
          : html`<ul class="plain">
              ${conditions.map((condition) => html`<li>${condition}</li>`)}
            </ul>`
      }
    </td>
    <td><code class="soft">${rule.join('.')}</code></td>
  </tr>`;
}
