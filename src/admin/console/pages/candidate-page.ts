import { Hono } from 'hono';
import { html } from 'hono/html';
import type { CandidateGroup } from '../../../core/records/decision-record.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../console-page.ts';
import type { CandidateState, PolicyPorts } from '../policy-ports.ts';
import { decisionAddress } from './decisions/decision-rows.ts';
import { dateAndTime, timeOfDay } from '../view/time.ts';
import { clientText, NOTHING, numberText, POLICY_STYLES } from './texts.ts';

/** The requests for which the candidate policy decides otherwise. */
export function candidatePage(ports: PolicyPorts): ConsolePage {
  const app = new Hono<ConsoleEnv>();
  app.get('/', (context) => {
    const state = ports.candidate();
    const { groups, unlisted } = ports.decisions()?.candidateGroups() ?? { groups: [], unlisted: 0 };
    return context.render(
      html`${POLICY_STYLES} ${state === undefined ? howToStart() : differences(state, groups, unlisted)}`,
      { title: 'Candidate policy', refresh: 30 },
    );
  });
  return { path: 'candidate', label: 'Candidate', app };
}

function howToStart(): Html {
  return html`<p class="empty">No candidate policy is configured.</p>
    <p>
      A candidate policy is a second configuration that is evaluated after each response. It changes no
      response; this page shows the requests that it would decide otherwise.
    </p>
    <ol>
      <li>Copy the configuration to another folder and change its policy.</li>
      <li>
        Name the folder in the active configuration, and reload:
        <pre tabindex="0">candidate: { config: /etc/gatehouse-next }</pre>
      </li>
      <li>Compare the differences on this page with the intended ones.</li>
      <li>Replace the active configuration by the candidate.</li>
    </ol>`;
}

function differences(state: CandidateState, groups: readonly CandidateGroup[], unlisted: number): Html {
  return html`${facts(state)}
    <h2>Differences</h2>
    ${groups.length === 0 ? none(state) : html`<div class="groups">${groups.map(groupView)}</div>`}
    ${
      unlisted === 0
        ? ''
        : html`<p class="note">
            ${numberText(unlisted)} requests differ in further ways that are not listed.
          </p>`
    }
    <p class="note">
      Since the candidate was loaded on this replica, in memory. The metric
      <code>gatehouse_candidate_differences_total</code> counts all replicas, and the audit log contains each
      difference.
    </p>`;
}

function facts({ path, ok, at, config, problems }: CandidateState): Html {
  return html`${
      ok
        ? ''
        : html`<div class="alert">
            <p>
              The candidate is invalid.
              ${config === null ? 'None is evaluated.' : 'The last valid one is evaluated.'}
            </p>
            <ul>
              ${problems.map((problem) => html`<li><code>${problem}</code></li>`)}
            </ul>
          </div>`
    }
    <dl class="facts panel">
      <dt>Configuration</dt>
      <dd><code>${path}</code></dd>
      <dt>Hash</dt>
      <dd>${config === null ? NOTHING : html`<code>${config}</code>`}</dd>
      <dt>Last load</dt>
      <dd>${at === null ? 'in progress' : dateAndTime(Date.parse(at))}, ${ok ? 'valid' : 'invalid'}</dd>
    </dl>`;
}

function none({ config }: CandidateState): Html {
  return config === null
    ? html`<p class="empty">No candidate has been evaluated yet.</p>`
    : html`<p class="empty">No request since then would be decided otherwise.</p>`;
}

const DIRECTIONS: Readonly<Record<string, { readonly text: string; readonly kind: string }>> = {
  allow: { text: 'would be allowed', kind: 'good' },
  shadow: { text: 'would be allowed by shadow mode only', kind: 'warning' },
  deny: { text: 'would be denied', kind: 'bad' },
  not_evaluated: { text: 'could not be evaluated', kind: 'warning' },
};

function groupView(group: CandidateGroup): Html {
  const { service, identity, scope, from, fromReason, to, toReason, count, last, examples } = group;
  const direction = DIRECTIONS[to] ?? { text: to, kind: '' };
  return html`<section class="panel">
    <h3>
      ${numberText(count)} ${count === 1 ? 'request' : 'requests'}
      <span class="badge ${direction.kind}">${direction.text}</span> <code>${toReason}</code>
    </h3>
    <dl class="facts">
      <dt>Service</dt>
      <dd>${service ?? NOTHING}</dd>
      <dt>Identity</dt>
      <dd>${identity ?? 'none'}</dd>
      <dt>Scope</dt>
      <dd>${scope ?? NOTHING}</dd>
      <dt>Active policy</dt>
      <dd>${from}: <code>${fromReason}</code></dd>
      <dt>Latest</dt>
      <dd>${dateAndTime(last)}</dd>
    </dl>
    <ul class="examples" aria-label="Examples">
      ${examples.map(
        ({ startedAt, method, path, requestId }) =>
          html`<li>
            ${timeOfDay(startedAt)}
            <a href="${decisionAddress(requestId)}"><code>${clientText(method)} ${clientText(path)}</code></a>
          </li>`,
      )}
    </ul>
  </section>`;
}
