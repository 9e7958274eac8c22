import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { GatehouseError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import { parseJsonObject } from '../util/json/object.ts';
import { readRevocation, showRevocation, type RevocableNames } from './revocation-body.ts';

const MAX_BODY = 16 * 1024;

const tooLarge = (context: Context): Response =>
  context.json({ error: 'request_too_large', message: `Send at most ${MAX_BODY} bytes.` }, 413);

export interface RevocationPorts {
  readonly revocations: Revocations;
  /** The names that revocations may use under the active configuration. */
  names(): RevocableNames;
  readonly clock: Clock;
}

/** `/revocations`: POST one, GET all, DELETE by id. */
export function revocationRoutes(ports: RevocationPorts): Hono {
  const { revocations, clock } = ports;
  const app = new Hono();

  app.get('/', (context) => context.json({ revocations: revocations.list().map(showRevocation) }));

  app.post('/', bodyLimit({ maxSize: MAX_BODY, onError: tooLarge }), async (context) => {
    // A web page can send forms and text to loopback without a CORS preflight, but not JSON.
    const type = context.req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== 'application/json') {
      return context.json({ error: 'unsupported_media_type', message: 'Send application/json.' }, 415);
    }
    const json = parseJsonObject(new Uint8Array(await context.req.arrayBuffer()));
    if (json.kind === 'problem') {
      return context.json({ error: 'invalid_request', message: `The body ${json.problem}.` }, 400);
    }
    const read = readRevocation(json.value, ports.names(), clock.now());
    if (read.kind === 'problem')
      return context.json({ error: 'invalid_request', message: read.problem }, 400);
    const revocation = await revocations.add(read.revocation);
    const { warning } = read;
    const body = { ...showRevocation(revocation), ...(warning === undefined ? {} : { warning }) };
    return context.json(body, 201, { Location: `/revocations/${revocation.id}` });
  });

  app.delete('/:id', async (context) => {
    const removed = await revocations.remove(context.req.param('id'));
    if (removed) return context.body(null, 204);
    return context.json({ error: 'not_found', message: 'There is no revocation with this id.' }, 404);
  });

  app.onError((error, context) => {
    if (!(error instanceof GatehouseError) || error.code !== 'store_unavailable') throw error;
    const message = 'The store cannot be reached; whether the change was kept is not known. Try again.';
    return context.json({ error: 'store_unavailable', message }, 503, { 'Retry-After': '5' });
  });

  return app;
}
