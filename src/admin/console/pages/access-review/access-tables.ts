import { html } from 'hono/html';
import type { AccessEntry, AccessMatrix } from '../../../../core/records/access-entry.ts';
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

/** The ways to reach resources, in one block per holder and conditions. */
export function entryBlocks(entries: readonly AccessEntry[]): Html {
  if (entries.length === 0)
    return html`<p class="empty">No identity, deploy token or anonymous rule has this access.</p>`;
  const shown = entries.slice(0, MAX_ENTRIES);
  const blocks = Map.groupBy(shown, ({ kind, name, conditions }) => JSON.stringify([kind, name, conditions]));
  return html`${[...blocks.values()].map(holderBlock)}
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

function holderBlock(entries: readonly AccessEntry[], index: number): Html {
  const [first] = entries;
  if (first === undefined) return html``;
  const { kind, name, conditions } = first;
  const byGrant = Map.groupBy(entries, ({ service, resource, rule }) =>
    JSON.stringify([service, resource, rule]),
  );
  return html`<section class="panel holder">
    <h2>${name} <span class="badge">${HOLDERS[kind]}</span></h2>
    ${
      conditions.length === 0
        ? html`<p class="note">Without a condition.</p>`
        : html`<p class="note">If all of these hold:</p>
            <ul class="holder-conditions">
              ${conditions.map((condition) => html`<li>${condition}</li>`)}
            </ul>`
    }
    <div class="table-box" tabindex="0" role="region" aria-label="Access ${index + 1}: ${name}">
      <table>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Resources</th>
            <th scope="col">Scopes</th>
            <th scope="col">Rule</th>
          </tr>
        </thead>
        <tbody>
          ${[...byGrant.values()].map(grantRow)}
        </tbody>
      </table>
    </div>
  </section>`;
}

function grantRow(entries: readonly AccessEntry[]): Html {
  const [first] = entries;
  if (first === undefined) return html``;
  const { service, resource, rule } = first;
  return html`<tr>
    <th scope="row">${service}</th>
    <td><code>${resource}</code></td>
    <td>${entries.map(({ scope }) => html`<code class="scope">${scope}</code> `)}</td>
    <td><code class="soft">${rule.join('.')}</code></td>
  </tr>`;
}
