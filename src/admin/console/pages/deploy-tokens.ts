import { Hono } from 'hono';
import { html } from 'hono/html';
import { startOfDay } from '../../../core/credentials/deploy-token.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../console-page.ts';
import type { ConsolePorts, DeployTokenReport } from '../console-ports.ts';
import { dayView, timeView } from '../view/time.ts';

const DAY = 86_400_000;
const NOTICE = 30 * DAY;
const UNUSED = 90 * DAY;

/** Deploy tokens of the configuration: expiry and last use. */
export function deployTokensPage(
  ports: Pick<ConsolePorts, 'deployTokens' | 'clock' | 'startedAt'>,
): ConsolePage {
  const { clock, startedAt } = ports;
  const app = new Hono<ConsoleEnv>();
  app.get('/', (context) => {
    const now = clock.now();
    const tokens = ports.deployTokens();
    return context.render(
      html`${
          tokens.length === 0
            ? html`<p class="empty">
                The configuration has no deploy tokens. <code>gatehouse token create</code> generates one.
              </p>`
            : tableView(tokens, { now, startedAt })
        }
        <p class="note">
          The last use is recorded in the memory of this replica since its start
          (${timeView(startedAt, now)}). Other replicas and earlier processes are not included: compare all
          replicas, or search the audit log, before you remove a token. <strong>Unused</strong> marks tokens
          without a use for 90 days.
        </p>`,
      { title: 'Deploy tokens' },
    );
  });
  return { path: 'deploy-tokens', label: 'Deploy tokens', app };
}

interface Times {
  readonly now: number;
  readonly startedAt: number;
}

function tableView(tokens: readonly DeployTokenReport[], times: Times): Html {
  return html`<div class="table-box" tabindex="0" role="region" aria-label="Deploy tokens">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">State</th>
          <th scope="col">Expires</th>
          <th scope="col">Last use</th>
          <th scope="col">User name</th>
          <th scope="col">Grants</th>
        </tr>
      </thead>
      <tbody>
        ${tokens.map((token) => rowView(token, times))}
      </tbody>
    </table>
  </div>`;
}

function rowView(token: DeployTokenReport, { now, startedAt }: Times): Html {
  const { name, username, expires, lastUse, grants } = token;
  const end = expires === undefined ? undefined : startOfDay(expires);
  const unused = now - (lastUse ?? startedAt) >= UNUSED;
  return html`<tr>
    <th scope="row">${name}</th>
    <td>${expiryBadge(end, now)} ${unused ? html`<span class="badge warning">unused</span>` : ''}</td>
    <td>${end === undefined ? 'never' : dayView(end, now)}</td>
    <td>${lastUse === undefined ? 'none recorded' : timeView(lastUse, now)}</td>
    <td><code>${username}</code></td>
    <td>${grants.map((grant) => html`<code class="grant">${grant}</code>`)}</td>
  </tr>`;
}

function expiryBadge(end: number | undefined, now: number): Html {
  if (end === undefined) return html`<span class="badge">no expiry</span>`;
  if (end <= now) return html`<span class="badge bad">expired</span>`;
  if (end - now <= NOTICE) return html`<span class="badge warning">expires soon</span>`;
  return html`<span class="badge good">valid</span>`;
}
