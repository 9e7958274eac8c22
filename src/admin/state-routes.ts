import { Hono } from 'hono';
import type { Store } from '../core/store.ts';
import { refuseOtherThanJson } from './json-only.ts';

/** `POST /state/backup`: writes a copy of the state file next to it. The copy contains the signing key. */
export function stateRoutes({ backUp }: Partial<Pick<Store, 'backUp'>>): Hono {
  const app = new Hono();

  app.post('/backup', async (context) => {
    const refused = refuseOtherThanJson(context);
    if (refused !== undefined) return refused;
    if (backUp === undefined) {
      const message = 'The state is in Redis. Back up Redis with its own means.';
      return context.json({ error: 'not_supported', message }, 409);
    }
    const made = await backUp().catch(() => undefined);
    if (made !== undefined) return context.json(made, 201);
    const message =
      'The backup failed. Check the space on the disk of the state file and the log of the gateway.';
    return context.json({ error: 'store_unavailable', message }, 503);
  });

  return app;
}
