import { html } from 'hono/html';
import { redactCredentials } from '../../../../core/credentials/credential-pattern.ts';
import type {
  ExplainedDecision,
  ExplanationView,
  GrantTraceView,
  OperationView,
} from '../../../../core/records/explanation-view.ts';
import type { Html } from '../../console-page.ts';
import type { ExplainOutcome } from '../../policy-ports.ts';

/** Identities of one list. A policy can have thousands. */
const MAX_IDENTITIES = 50;

/** The decision and its reasons. */
export function explainedOutcome(outcome: ExplainOutcome): Html {
  switch (outcome.kind) {
    case 'not-evaluated':
      return html`<p class="alert warning">Not evaluated: ${redactCredentials(outcome.detail)}</p>`;
    case 'refused':
      return html`<p class="verdict">
        <span class="badge bad">refused</span> <code>${outcome.reason}</code>
        <span>${STAGES[outcome.stage] ?? outcome.stage}: ${redactCredentials(outcome.detail)}</span>
      </p>`;
    case 'explained':
      return explanation(outcome.view, outcome.inBody);
    default:
      return outcome satisfies never;
  }
}

/** The step of the request lifecycle that refuses. */
const STAGES: Readonly<Record<string, string>> = {
  route: 'before a service is selected',
  classify: 'the operation',
  extract: 'the credential',
  authenticate: 'verification of the credential',
  forward: 'before forwarding',
};

function explanation(view: ExplanationView, inBody: boolean): Html {
  const { service, mode, credential, verdict, identities, operations, limits, unnamed } = view;
  return html`${verdictLine(verdict)}
    ${
      inBody
        ? html`<p class="note">
            The operation depends on the request body. This is one of the possible operations; the gateway
            authorizes the actual one when the body is read.
          </p>`
        : ''
    }
    ${unnamed === undefined ? '' : html`<p class="note">A grant on all resources is necessary: ${unnamed}.</p>`}
    <dl class="facts">
      <dt>Service</dt>
      <dd>${service} (${mode})</dd>
      <dt>Credential</dt>
      <dd>${credential === undefined ? 'none: an anonymous request' : redactCredentials(credential)}</dd>
      ${
        limits.length === 0
          ? ''
          : html`<dt>Limits</dt>
              <dd>${limits.join('; ')}</dd>`
      }
    </dl>
    ${
      credential === undefined
        ? ''
        : html`<h3>Identities, in order</h3>
            ${triedIdentities(identities)}`
    }
    ${operations.map(operationTrace)}`;
}

function verdictLine(verdict: ExplainedDecision): Html {
  const who = verdict.identity === undefined ? '' : html`as <strong>${verdict.identity}</strong>`;
  if (verdict.kind !== 'allow') {
    const kind = verdict.kind === 'deny' ? 'bad' : 'warning';
    return html`<p class="verdict">
      <span class="badge ${kind}">${verdict.kind}</span> <code>${verdict.reason}</code> ${who}<br />
      ${redactCredentials(verdict.detail)}
    </p>`;
  }
  if (verdict.basis !== 'shadow') {
    const by = verdict.basis === 'grant' ? 'by a grant' : 'by an anonymous rule';
    return html`<p class="verdict"><span class="badge good">allow</span> ${who} ${by}</p>`;
  }
  const { relaxed } = verdict;
  return html`<p class="verdict">
    <span class="badge warning">allow</span> ${who} by shadow mode only; enforce mode denies it:
    ${
      relaxed === undefined
        ? ''
        : html`<code>${relaxed.reason}</code><br />
            ${redactCredentials(relaxed.detail)}`
    }
  </p>`;
}

function triedIdentities(identities: ExplanationView['identities']): Html {
  if (identities.length === 0) return html`<p class="note">No identity of this issuer.</p>`;
  // The last one is the match, if there is one.
  const isLong = identities.length > MAX_IDENTITIES;
  const shown = isLong ? [...identities.slice(0, MAX_IDENTITIES - 1), ...identities.slice(-1)] : identities;
  return html`<ol class="trace">
      ${shown.map(({ name, matches, text }) => item(matches, html`<strong>${name}</strong> ${redactCredentials(text)}`))}
    </ol>
    ${
      isLong
        ? html`<p class="note">${identities.length - MAX_IDENTITIES} further identities do not match.</p>`
        : ''
    }`;
}

function operationTrace({ text, granted, grants, noGrant, allowlist }: OperationView): Html {
  return html`<h3>
      <span class="badge ${granted ? 'good' : 'bad'}">${granted ? 'granted' : 'not granted'}</span>
      ${redactCredentials(text)}
    </h3>
    <ul class="trace">
      ${grants.length === 0 ? item(false, html`${noGrant}`) : grants.map(grantTrace)}
      ${allowlist === undefined ? '' : item(allowlist.open, html`${allowlist.text}`)}
    </ul>`;
}

function grantTrace({ text, matches, otherScopes, resources }: GrantTraceView): Html {
  return item(
    matches,
    html`${text}${otherScopes ? html` <span class="soft">(other scopes)</span>` : ''}
    ${
      resources.length === 0
        ? ''
        : html`<ul class="trace">
            ${resources.map((each) =>
              item(each.matches, html`<code>${each.pattern}</code> ${redactCredentials(each.text)}`),
            )}
          </ul>`
    }`,
  );
}

function item(matches: boolean, content: Html): Html {
  return html`<li class="${matches ? 'match' : 'miss'}">
    <span class="mark" aria-hidden="true">${matches ? '✓' : '✗'}</span>
    <div>${content}</div>
  </li>`;
}
