/** A push that takes longer than its token is valid, in real time, because clients use their own clock. */
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { writeImage } from '../support/image.ts';
import { needs } from '../support/needs.ts';
import { startRegistryScenario } from '../support/scenario/registry.ts';
import { startSlowRelay } from '../support/slow-relay.ts';

const keep = cleanUp();

/** 60 s is the minimum token lifetime; the layer takes slightly longer. */
const RATE = 64 * 1024;
const SIZE = 66 * RATE;

needs('docker-registry', 'skopeo').test(
  'the layer in flight arrives complete, and the client obtains another token for the rest',
  async () => {
    const { clients, gateway, job } = await startRegistryScenario({ tokenLifetime: '1m' });
    const line = keep(await startSlowRelay(gateway.port, RATE));
    // Clients compress layers, so the data is random.
    const image = writeImage(clients.folder, randomBytes(SIZE));
    const remote = `docker://${line.host}/acme/payments/big:1`;
    const push = await clients.skopeo(
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      `gitlab-ci-token:${job.token}`,
      '--dest-compress-format',
      'gzip',
      image,
      remote,
    );
    expect(push).toExitWith(0);
    const events = gateway
      .auditText()
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as Event);
    const upload = events.find(({ http, event }) => http.request.method === 'PATCH' && event.duration > 60e9);
    expect(upload?.http.response.status_code).toBe(202);
    expect(events.filter(({ url }) => url.path === '/token').length).toBeGreaterThan(1);
  },
  150_000,
);

interface Event {
  readonly http: {
    readonly request: { readonly method: string };
    readonly response: { readonly status_code: number };
  };
  readonly event: { readonly duration: number };
  readonly url: { readonly path: string };
}
