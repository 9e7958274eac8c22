import { html } from 'hono/html';
import { MAX_CREDENTIAL_LENGTH, SOURCE_CLASSES } from '../../../../core/credentials/credential.ts';
import { csrfField } from '../../access/csrf-field.ts';
import type { Visitor } from '../../access/visitor.ts';
import type { Html } from '../../console-page.ts';
import type { PolicyNames } from '../../policy-ports.ts';
import type { ExplainFields, ExplainRead } from './explain-input.ts';

type Problem = Extract<ExplainRead, { readonly kind: 'invalid' }>;

/** The fields of a kind of credential are hidden by the style sheet while another kind is selected. */
export function explainForm(
  fields: ExplainFields,
  names: PolicyNames,
  visitor: Visitor,
  problem: Problem | undefined,
): Html {
  const invalid = (field: Problem['field']): Html | '' =>
    problem?.field === field ? html`aria-invalid="true" aria-describedby="problem"` : '';
  return html`<form class="explain panel" method="post" action="/console/explain#result">
    ${csrfField(visitor)}
    <div class="fields">
      <div>
        <label for="method">Method</label>
        <input
          id="method"
          name="method"
          size="8"
          list="methods"
          value="${fields.method}"
          ${invalid('method')}
        />
        <datalist id="methods">
          ${['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'].map((method) => html`<option value="${method}"></option>`)}
        </datalist>
      </div>
      <div class="wide">
        <label for="url">URL of the request</label>
        <input
          id="url"
          name="url"
          type="url"
          inputmode="url"
          required
          spellcheck="false"
          value="${fields.url}"
          placeholder="with scheme, host and path"
          ${invalid('url')}
        />
      </div>
      <div>
        <label for="contentType">Content-Type</label>
        <input id="contentType" name="contentType" value="${fields.contentType}" placeholder="optional" />
      </div>
    </div>
    <fieldset>
      <legend>Credential</legend>
      ${kinds(fields)}
      <div class="kind for-claims">
        <div class="fields">
          ${select('issuer', 'Issuer', fields.issuer, names.issuers, invalid('issuer'))}
          ${select('class', 'Class', fields.class, SOURCE_CLASSES, '')}
        </div>
        <label for="claims">Claims (JSON)</label>
        <textarea id="claims" name="claims" rows="9" spellcheck="false" ${invalid('claims')}>
${fields.claims}</textarea>
      </div>
      <div class="kind for-token">
        <label for="token">Token</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="off"
          spellcheck="false"
          maxlength="${MAX_CREDENTIAL_LENGTH}"
          aria-describedby="token-note"
          ${invalid('token')}
        />
        <p class="note" id="token-note">
          The token is verified and evaluated. It is not stored, logged or shown again; its claims are shown.
        </p>
      </div>
      <div class="kind for-deploy-token">
        ${select('deployToken', 'Deploy token', fields.deployToken, names.deployTokens, invalid('deployToken'))}
      </div>
      <div class="kind for-recorded">
        <label for="request">Request id</label>
        <input
          id="request"
          name="request"
          spellcheck="false"
          autocomplete="off"
          value="${fields.request}"
          ${invalid('request')}
        />
        <p class="note">The credential of this recorded request is evaluated.</p>
      </div>
    </fieldset>
    <button type="submit">Explain</button>
  </form>`;
}

const KINDS: readonly (readonly [ExplainFields['credential'], string])[] = [
  ['claims', 'Claims'],
  ['token', 'A token'],
  ['deploy-token', 'A deploy token'],
  ['recorded', 'A recorded request'],
  ['none', 'None'],
];

function kinds({ credential }: ExplainFields): Html {
  return html`<div class="kinds">
    ${KINDS.map(
      ([kind, label]) =>
        html`<label>
          <input type="radio" name="credential" value="${kind}" ${kind === credential ? html`checked` : ''} />
          ${label}
        </label>`,
    )}
  </div>`;
}

function select(
  name: string,
  label: string,
  selected: string,
  values: readonly string[],
  attributes: Html | '',
): Html {
  return html`<div>
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}" ${attributes}>
      ${values.length === 0 ? html`<option value="">none is configured</option>` : ''}
      ${values.map((value) => html`<option ${value === selected ? html`selected` : ''}>${value}</option>`)}
    </select>
  </div>`;
}
