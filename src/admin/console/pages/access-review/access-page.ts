import { Hono } from 'hono';
import { html } from 'hono/html';
import type { ConsoleEnv, ConsolePage, Html } from '../../console-page.ts';
import type { PolicyNames, PolicyPorts } from '../../policy-ports.ts';
import { choiceField, identityField, withLabels } from '../filter-fields.ts';
import { numberText, POLICY_STYLES } from '../texts.ts';
import { entryBlocks, matrixTable } from './access-tables.ts';

/** Identities of one matrix. A policy can have thousands. */
const MAX_IDENTITIES = 100;

interface AccessSelection {
  readonly service: string | undefined;
  readonly resource: string | undefined;
  readonly scope: string | undefined;
  readonly identity: string | undefined;
}

/** Who can access what, with the engine of `gatehouse access`. */
export function accessPage(ports: PolicyPorts): ConsolePage {
  const app = new Hono<ConsoleEnv>();

  app.get('/', (context) => {
    const text = (name: string): string | undefined => context.req.query(name)?.trim() || undefined;
    const selection = {
      service: text('service'),
      resource: text('resource'),
      scope: text('scope'),
      identity: text('identity'),
    };
    return context.render(
      html`${POLICY_STYLES} ${selectionForm(selection, ports.names())} ${review(selection, ports)}
        <p class="note">
          The first identity that matches a credential decides, so an entry has no effect for credentials of
          earlier identities. <code>gatehouse access --csv</code> prints the complete policy.
        </p>`,
      { title: 'Access' },
    );
  });
  return { path: 'access', label: 'Access', app };
}

function review({ identity, ...query }: AccessSelection, ports: PolicyPorts): Html {
  const { services, scopes, identities } = ports.names();
  if (query.service !== undefined && !services.includes(query.service))
    return html`<p class="alert warning">No service has this name. Select one of the list.</p>`;
  if (query.resource !== undefined && query.service === undefined)
    return html`<p class="alert warning">Select the service of the resource.</p>`;
  if (query.scope !== undefined && !scopes.has(query.scope))
    return html`<p class="alert warning">No service has a scope of this name.</p>`;
  const selected = identity === undefined ? identities : selectNames(identities, identity);
  if (identity !== undefined && selected.length === 0)
    return html`<p class="alert warning">
      No identity and no deploy token has this name or part of a name.
    </p>`;
  const isMatrix = query.resource === undefined && query.scope === undefined && selected.length !== 1;
  if (!isMatrix) {
    const names = identity === undefined ? undefined : new Set(selected);
    return entryBlocks(ports.access({ ...query, identities: names }).entries);
  }
  const listed = selected.slice(0, MAX_IDENTITIES);
  const { matrix } = ports.access({ ...query, identities: new Set(listed) });
  return html`${matrixTable(matrix)}
  ${
    listed.length === selected.length
      ? ''
      : html`<p class="note">
          The first ${listed.length} of ${numberText(selected.length)} identities. Enter a part of a name to
          select others.
        </p>`
  }`;
}

/** The identity with this name, or those that contain the text. */
function selectNames(names: readonly string[], text: string): readonly string[] {
  return names.includes(text) ? [text] : names.filter((name) => name.includes(text));
}

function selectionForm(selection: AccessSelection, names: PolicyNames): Html {
  const { service, resource = '', scope = '', identity } = selection;
  return html`<form class="fields filter" method="get" action="/console/access" role="search">
    ${identityField(identity, names, 'all')}
    ${choiceField('service', 'Service', service, withLabels(names.services))}
    <div>
      <label for="resource">Resource</label>
      <input
        id="resource"
        name="resource"
        value="${resource}"
        placeholder="acme/payments/api"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="scope">Scope</label>
      <input id="scope" name="scope" value="${scope}" placeholder="all" spellcheck="false" />
    </div>
    <button type="submit">Show</button>
    ${
      Object.values(selection).some((value) => value !== undefined)
        ? html`<a class="clear" href="/console/access">Show all</a>`
        : ''
    }
  </form>`;
}
