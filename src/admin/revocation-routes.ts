import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { GatehouseError } from '../core/errors.ts';
import type { Clock } from '../core/ports.ts';
import type { Revocations } from '../core/credentials/revocation.ts';
import { readLimitedBody } from '../util/http/limited-body.ts';
import { parseJsonObject } from '../util/json/object.ts';
import { refuseOtherThanJson } from './json-only.ts';
import { readRevocation, showRevocation, type RevocableNames } from './revocation-body.ts';

const BODY_LIMITS = { maxBytes: 16 * 1024, deadline: 10_000 };

/** The rest of the body is not read, so the connection cannot be used for another request. */
const LAST_RESPONSE = { Connection: 'close' };

interface AdminEnv {
  Bindings: HttpBindings;
}

export interface RevocationPorts {
  readonly revocations: Revocations;
  /** The names that revocations may use under the active configuration. */
  names(): RevocableNames;
  readonly clock: Clock;
}

/** `/revocations`: POST one, GET all, DELETE by id. */
export function revocationRoutes(ports: RevocationPorts): Hono<AdminEnv> {
  const { revocations, clock } = ports;
  const app = new Hono<AdminEnv>();

  app.get('/', (context) => context.json({ revocations: revocations.list().map(showRevocation) }));

  app.post('/', async (context) => {
    const body = await readBody(context);
    if (body instanceof Response) return body;
    const refused = refuseOtherThanJson(context);
    if (refused !== undefined) return refused;
    const json = parseJsonObject(body);
    if (json.kind === 'invalid') {
      return context.json({ error: 'invalid_request', message: `The body ${json.detail}.` }, 400);
    }
    const read = readRevocation(json.value, ports.names(), clock.now());
    if (read.kind === 'invalid') return context.json({ error: 'invalid_request', message: read.detail }, 400);
    const revocation = await revocations.add(read.revocation);
    const { warning } = read;
    const created = { ...showRevocation(revocation), ...(warning === undefined ? {} : { warning }) };
    return context.json(created, 201, { Location: `/revocations/${revocation.id}` });
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

/** The body, or the response to a request without a complete body within the limits. */
async function readBody(context: Context<AdminEnv>): Promise<Buffer | Response> {
  const read = await readLimitedBody(context.env.incoming, BODY_LIMITS);
  switch (read.kind) {
    case 'body':
      return read.bytes;
    case 'too-large': {
      const message = `Send at most ${BODY_LIMITS.maxBytes} bytes.`;
      return context.json({ error: 'request_too_large', message }, 413, LAST_RESPONSE);
    }
    case 'late': {
      const message = `The body did not arrive within ${BODY_LIMITS.deadline / 1000} s. Send the request again.`;
      return context.json({ error: 'request_timeout', message }, 408, LAST_RESPONSE);
    }
    case 'incomplete':
      return context.json(
        { error: 'invalid_request', message: 'The body is incomplete.' },
        400,
        LAST_RESPONSE,
      );
    default:
      return read satisfies never;
  }
}
