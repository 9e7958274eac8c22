import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import { counted } from '../../../../util/text/counted.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../../console-page.ts';
import type { ExplainAnswer, PolicyPorts } from '../../policy-ports.ts';
import { claimsTable } from '../claims-table.ts';
import { decisionAddress } from '../decisions/decision-rows.ts';
import { POLICY_STYLES } from '../texts.ts';
import { explainedOutcome } from './explanation.ts';
import { explainForm } from './explain-form.ts';
import { initialFields, readExplainFields, readQuestion, type ExplainFields } from './explain-input.ts';

/** The decision for a request that is entered, with the engine of `gatehouse explain`. */
export function explainPage(ports: PolicyPorts): ConsolePage {
  const app = new Hono<ConsoleEnv>();

  app.get('/', (context) => {
    const id = context.req.query('request')?.trim();
    const record = id === undefined ? undefined : ports.decisions()?.find(id);
    const found = record === undefined ? '' : recordedNote(record.requestId);
    const missing =
      id !== undefined && record === undefined
        ? html`<p class="alert warning">This replica has no decision with this request id any more.</p>`
        : found;
    return page(context, initialFields(record, ports), missing);
  });

  app.post('/', async (context) => {
    const form = context.get('form');
    const fields = readExplainFields(form);
    const read = readQuestion(fields, form.get('token') ?? '', ports);
    if (read.kind === 'invalid') {
      context.status(400);
      const alert = html`<p class="alert" role="alert" id="problem">${read.detail}</p>`;
      return page(context, fields, alert, read);
    }
    return page(context, fields, await result(await ports.explain(read.question)));
  });

  function page(
    context: Context<ConsoleEnv>,
    fields: ExplainFields,
    first: Html | '',
    problem?: Extract<ReturnType<typeof readQuestion>, { readonly kind: 'invalid' }>,
  ): Response | Promise<Response> {
    return context.render(
      html`${POLICY_STYLES}
        <p class="note">
          Evaluates the active policy for a request. Nothing is sent to an upstream, and no log contains it.
        </p>
        ${first} ${explainForm(fields, ports.names(), context.get('visitor'), problem)}`,
      { title: 'Explain' },
    );
  }

  function result({ outcome, claims, assumed, notes }: ExplainAnswer): Html {
    return html`<section id="result" class="panel" tabindex="-1" aria-labelledby="decision">
      <h2 id="decision">Decision</h2>
      ${explainedOutcome(outcome)} ${notes.map((note) => html`<p class="note">${note}</p>`)}
      ${
        assumed === undefined
          ? ''
          : html`<h3>With a valid token of the same claims</h3>
              ${explainedOutcome(assumed)}`
      }
      ${
        claims === undefined
          ? ''
          : html`<details>
              <summary>${counted(Object.keys(claims).length, 'claim')} of the token</summary>
              ${claimsTable(claims, ports.claims())}
            </details>`
      }
    </section>`;
  }

  return { path: 'explain', label: 'Explain', app };
}

function recordedNote(requestId: string): Html {
  return html`<p>
    From the recorded request <a href="${decisionAddress(requestId)}"><code>${requestId}</code></a
    >. Change the request line or the credential.
  </p>`;
}
