import { html } from 'hono/html';
import { REVOCATION_TARGETS, type Revocation } from '../../../../core/credentials/revocation.ts';
import { csrfField } from '../../access/csrf-field.ts';
import type { Visitor } from '../../access/visitor.ts';
import type { Html } from '../../console-page.ts';
import { timeView } from '../../view/time.ts';
import { clientText } from '../texts.ts';
import { LIFETIMES } from './new-revocation.ts';

const LABELS: Readonly<Record<(typeof REVOCATION_TARGETS)[number], string>> = {
  jti: 'one token, by jti',
  tokenHash: 'one token, by SHA-256 (gatehouse token inspect)',
  deployToken: 'a deploy token, by name',
  identity: 'an identity, by name',
  project: 'a project, by path or id:NN',
  issuer: 'an issuer, by name',
};

/** The form for a new revocation, with the values of a refused one. */
export function formView(
  visitor: Visitor,
  issuers: readonly string[],
  form: ReadonlyMap<string, string>,
): Html {
  const value = (name: string): string => form.get(name) ?? '';
  const option = (name: string, key: string, label: string) =>
    html`<option value="${key}" ${value(name) === key ? html`selected` : ''}>${label}</option>`;
  return html`<form method="post" action="/console/revocations" class="fields panel">
    ${csrfField(visitor)}
    <p>
      <label for="target">Revoke</label>
      <select id="target" name="target" required>
        ${REVOCATION_TARGETS.map((target) => option('target', target, LABELS[target]))}
      </select>
    </p>
    <p class="wide">
      <label for="value">Value</label>
      <input id="value" name="value" value="${value('value')}" required maxlength="500" autocomplete="off" />
    </p>
    <p>
      <label for="issuer">Issuer (for a jti)</label>
      <select id="issuer" name="issuer">
        ${option('issuer', '', '–')} ${issuers.map((issuer) => option('issuer', issuer, issuer))}
      </select>
    </p>
    <p class="wide">
      <label for="reason">Reason</label>
      <input
        id="reason"
        name="reason"
        value="${value('reason')}"
        required
        maxlength="500"
        autocomplete="off"
      />
    </p>
    <p>
      <label for="expires">Expires</label>
      <select id="expires" name="expires">
        ${LIFETIMES.map(([key, label]) => option('expires', key, label))}
      </select>
    </p>
    <p><button type="submit">Revoke</button></p>
  </form>`;
}

export function tableView(
  revocations: readonly Revocation[],
  { now, canWrite }: { readonly now: number; readonly canWrite: boolean },
): Html {
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Revocations">
    <table>
      <thead>
        <tr>
          <th scope="col">Revoked</th>
          <th scope="col">Reason</th>
          <th scope="col">Created</th>
          <th scope="col">Expires</th>
          <th scope="col">By</th>
          ${canWrite ? html`<th scope="col">Action</th>` : ''}
        </tr>
      </thead>
      <tbody>
        ${revocations.map(
          (each) =>
            html`<tr>
              <td>${targetView(each)}</td>
              <td class="text">${clientText(each.reason)}</td>
              <td>${timeView(Date.parse(each.created), now)}</td>
              <td>${each.expires === undefined ? 'never' : timeView(Date.parse(each.expires), now)}</td>
              <td>${each.holder === undefined ? 'operator' : `holder ${clientText(each.holder.subject)}`}</td>
              ${
                canWrite
                  ? html`<td>
                      <a
                        href="/console/revocations/${each.id}"
                        aria-label="Delete the revocation of ${clientText(each.value)}"
                        >Delete…</a
                      >
                    </td>`
                  : ''
              }
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The page before a deletion: without JavaScript, a form cannot ask for a confirmation. */
export function confirmView(revocation: Revocation, visitor: Visitor, now: number): Html {
  const { id, reason, created, expires } = revocation;
  return html`<dl class="facts panel">
      <dt>Revoked</dt>
      <dd>${targetView(revocation)}</dd>
      <dt>Reason</dt>
      <dd>${clientText(reason)}</dd>
      <dt>Created</dt>
      <dd>${timeView(Date.parse(created), now)}</dd>
      <dt>Expires</dt>
      <dd>${expires === undefined ? 'never' : timeView(Date.parse(expires), now)}</dd>
    </dl>
    <p>After the deletion, the gateway accepts these credentials again if they are otherwise valid.</p>
    <form method="post" action="/console/revocations/${id}/delete" class="fields">
      ${csrfField(visitor)}
      <button type="submit" class="danger">Delete this revocation</button>
      <a href="/console/revocations">Keep it</a>
    </form>`;
}

function targetView({ target, value, issuer }: Revocation): Html {
  return html`${target} <code>${clientText(value)}</code>${issuer === undefined ? '' : ` of ${issuer}`}`;
}
