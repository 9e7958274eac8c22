/** A replica receives traffic only once its listeners are open. */
import dns from 'node:dns';
import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';

interface Readyz {
  readonly status: number;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

/** The host of a listener. Its resolver responds with 127.0.0.1 once the returned function is called. */
const SLOW_HOST = 'slow.internal';

function holdResolver(): () => void {
  const resolver = Promise.withResolvers<void>();
  const lookup = dns.lookup.bind(dns) as (host: string, ...rest: readonly unknown[]) => void;
  const held = (host: string, ...rest: readonly unknown[]): void => {
    if (host === SLOW_HOST) void resolver.promise.then(() => lookup('127.0.0.1', ...rest));
    else lookup(host, ...rest);
  };
  vi.spyOn(dns, 'lookup').mockImplementation(held);
  return () => resolver.resolve();
}

test.each([
  ['clients', `listen: ${SLOW_HOST}:0`],
  [
    'subrequests',
    `listen: 127.0.0.1:0, authorizer: { listen: '${SLOW_HOST}:0' }, trustedProxies: [127.0.0.1]`,
  ],
])('/readyz is 503 until the listener for %s is open', async (_, listeners) => {
  const open = holdResolver();
  const issuer = await startIssuer();
  onTestFinished(() => issuer.close());
  const adminPort = await freePort();
  const admin = `admin: { listen: '127.0.0.1:${adminPort}' }`;
  const readyz = async (): Promise<Readyz> => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`);
    const { checks } = (await response.json()) as Readyz;
    return { status: response.status, checks };
  };

  const starting: Promise<TestGateway> = startGateway(
    `issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
services: { orders: { type: http, path: /orders/, upstream: { url: "http://127.0.0.1:1/" } } }`,
    { server: `server: { publicUrl: https://gateway.example.com, ${listeners}, ${admin} }\n` },
  );
  onTestFinished(async () => {
    open();
    await (await starting).close();
  });
  const { status, checks } = await eventually('the keys and the revocations are available', async () => {
    const now = await readyz().catch(() => undefined);
    const available = (name: string): boolean =>
      now?.checks.some((check) => check.name === name && check.ok) ?? false;
    return available('issuer gitlab') && available('revocations') && now;
  });
  expect([status, checks.filter(({ ok }) => !ok)]).toEqual([
    503,
    [{ name: 'listeners', ok: false, detail: 'not all of them are open yet: new connections are refused' }],
  ]);

  open();
  const gateway = await starting;
  expect(await readyz()).toMatchObject({
    status: 200,
    checks: [
      { name: 'issuer gitlab', ok: true },
      { name: 'revocations', ok: true },
    ],
  });
  await accepts(gateway.port);
});

function accepts(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}
