import { Hono, type Context } from 'hono';
import { html } from 'hono/html';
import type { Revocation } from '../../../../core/credentials/revocation.ts';
import { GatehouseError } from '../../../../core/errors.ts';
import { counted } from '../../../../util/text/counted.ts';
import { requireWrite } from '../../access/require-write.ts';
import type { ConsoleEnv, ConsolePage, Html } from '../../console-page.ts';
import type { ConsolePorts } from '../../console-ports.ts';
import { readNewRevocation } from './new-revocation.ts';
import { confirmView, formView, tableView } from './views.ts';

const MAX_SHOWN = 200;
const TITLE = 'Revocations';

/** List, addition and deletion of revocations, with the rules of the admin API. */
export function revocationsPage(
  ports: Pick<ConsolePorts, 'revocations' | 'names' | 'clock' | 'log'>,
): ConsolePage {
  const { revocations, clock, log } = ports;
  const app = new Hono<ConsoleEnv>();

  function page(context: Context<ConsoleEnv>, message: Html | ''): Response | Promise<Response> {
    const visitor = context.get('visitor');
    const search = context.req.query('q')?.trim() ?? '';
    const found = revocations.list().filter((each) => matches(each, search));
    const shown = found.toSorted((a, b) => b.created.localeCompare(a.created)).slice(0, MAX_SHOWN);
    const { canWrite } = visitor;
    return context.render(
      html`${message} ${canWrite ? formView(visitor, ports.names().issuers, context.get('form')) : READ_ONLY}
      ${searchView(search, found.length)}
      ${
        shown.length === 0
          ? html`<p class="empty">
              ${search === '' ? 'Nothing is revoked.' : 'No revocation contains this text.'}
            </p>`
          : tableView(shown, { now: clock.now(), canWrite })
      }
      ${
        found.length > shown.length
          ? html`<p class="note">
              The newest ${MAX_SHOWN} are shown. Search, or read <code>/revocations</code>.
            </p>`
          : ''
      }`,
      { title: TITLE },
    );
  }

  app.get('/', (context) => page(context, doneMessage(context.req.query('done'))));

  app.post('/', requireWrite, async (context) => {
    const read = readNewRevocation(context.get('form'), ports.names(), clock.now());
    if (read.kind === 'invalid') {
      context.status(400);
      return page(context, alertView(read.detail));
    }
    const { id, target } = await revocations.add(read.revocation);
    log.info('revocation added in the console', { id, target });
    const { warning } = read;
    if (warning === undefined) return context.redirect('/console/revocations?done=added', 303);
    context.set('form', new Map());
    return page(context, html`<p class="alert warning" role="status">Revoked. ${warning}</p>`);
  });

  app.get('/:id', (context) => {
    const revocation = revocations.list().find(({ id }) => id === context.req.param('id'));
    const visitor = context.get('visitor');
    if (revocation === undefined || !visitor.canWrite) return notFound(context);
    return context.render(confirmView(revocation, visitor, clock.now()), { title: 'Delete a revocation' });
  });

  app.post('/:id/delete', requireWrite, async (context) => {
    const id = context.req.param('id');
    if (!(await revocations.remove(id))) return notFound(context);
    log.info('revocation deleted in the console', { id });
    return context.redirect('/console/revocations?done=deleted', 303);
  });

  app.onError((error, context: Context<ConsoleEnv>) => {
    if (!(error instanceof GatehouseError) || error.code !== 'store_unavailable') throw error;
    context.status(503);
    context.header('Retry-After', '5');
    const problem = 'The store cannot be reached; whether the change was kept is not known. Try again.';
    return page(context, alertView(problem));
  });

  return { path: 'revocations', label: TITLE, app };
}

const READ_ONLY = html`<p class="note">
  Read-only: changes need a login and <code>server.admin.console: { write: true }</code>, or
  <code>POST /revocations</code> with the admin token.
</p>`;

function matches({ target, value, issuer, reason }: Revocation, search: string): boolean {
  const text = [target, value, issuer ?? '', reason].join('\n').toLowerCase();
  return text.includes(search.toLowerCase());
}

function searchView(search: string, found: number): Html {
  return html`<form method="get" action="/console/revocations" class="fields" role="search">
    <p>
      <label for="q">Search</label>
      <input id="q" name="q" type="search" value="${search}" />
    </p>
    <p><button type="submit" class="quiet">Search</button></p>
    <p class="soft">${counted(found, 'revocation')}</p>
  </form>`;
}

function doneMessage(done: string | undefined): Html | '' {
  switch (done) {
    case 'added':
      return html`<p class="alert good" role="status">Revoked. Other replicas follow within a second.</p>`;
    case 'deleted':
      return html`<p class="alert good" role="status">Deleted.</p>`;
    default:
      return '';
  }
}

function alertView(problem: string): Html {
  return html`<p class="alert" role="alert">${problem}</p>`;
}

function notFound(context: Context<ConsoleEnv>): Response | Promise<Response> {
  context.status(404);
  return context.render(
    html`<p>There is no revocation with this id. <a href="/console/revocations">All revocations</a></p>`,
    { title: 'Not found' },
  );
}
