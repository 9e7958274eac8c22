/** A proxy that repeats an unanswered subrequest, as HAProxy does: one request, one audit event. */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { startAuthorizerScenario } from '../../support/authorizer/scenario.ts';
import { eventually } from '../../support/eventually.ts';

test('an unanswered subrequest that is repeated is recorded and counted once', async () => {
  const scenario = await startAuthorizerScenario();
  const { issuer, gateway, bearer } = scenario;
  let release: () => void = () => undefined;
  issuer.faults.jwks = { kind: 'wait', until: new Promise((resolve) => (release = resolve)) };
  issuer.rotate({ keepOld: true });
  const fresh = `Authorization: Bearer ${issuer.mint()}`;
  expect(fresh).not.toBe(bearer);

  for (let attempt = 0; attempt < 3; attempt++) {
    const socket = connect(gateway.authorizer as number, '127.0.0.1');
    const lines = [
      'GET /authorize/forward HTTP/1.1',
      'Host: gatehouse',
      'X-Forwarded-Method: GET',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: app.example',
      'X-Forwarded-Uri: /api/x',
      'X-Forwarded-For: 192.0.2.7',
      fresh,
      'Connection: close',
    ];
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    // A held subrequest counts as in flight until it is repeated.
    const expected = attempt === 0 ? 1 : 2;
    await eventually('a subrequest', async () => (await inFlight(gateway.adminUrl)) === expected);
    socket.destroy();
    const held = async (): Promise<boolean> => (await inFlight(gateway.adminUrl)) === 1;
    await eventually('the end of the subrequest', held);
  }
  release();
  issuer.faults.jwks = undefined;
  const response = await scenario.ask('forward', { target: '/api/x', headers: [fresh] });
  expect(response.status).toBe(200);

  await scenario.audited(response);
  await eventually('the end of all requests', async () => (await inFlight(gateway.adminUrl)) === 0);
  const events = gateway.auditText().split('\n').filter(Boolean);
  expect(events).toHaveLength(1);
  const metrics = await text(`${gateway.adminUrl}/metrics`);
  const counted = metrics
    .split('\n')
    .filter((line) => line.startsWith('gatehouse_requests_total{service="app"'));
  expect(counted).toEqual([expect.stringMatching(/status="2xx".*\} 1$/)]);
});

test('the same request of another client is no repetition', async () => {
  const scenario = await startAuthorizerScenario();
  const { issuer, gateway } = scenario;
  let release: () => void = () => undefined;
  issuer.faults.jwks = { kind: 'wait', until: new Promise((resolve) => (release = resolve)) };
  issuer.rotate({ keepOld: true });
  const fresh = `Authorization: Bearer ${issuer.mint()}`;
  const lines = [
    'GET /authorize/forward HTTP/1.1',
    'Host: gatehouse',
    'X-Forwarded-Method: GET',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: app.example',
    'X-Forwarded-Uri: /api/x',
    'X-Forwarded-For: 198.51.100.9',
    fresh,
  ];
  // The second one replaces the first, which is therefore held.
  for (const expected of [1, 2]) {
    const socket = connect(gateway.authorizer as number, '127.0.0.1');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    await eventually('a subrequest', async () => (await inFlight(gateway.adminUrl)) === expected);
    socket.destroy();
    await eventually('the end', async () => (await inFlight(gateway.adminUrl)) === 1);
  }
  release();
  issuer.faults.jwks = undefined;
  const response = await scenario.ask('forward', { target: '/api/x', headers: [fresh] });
  expect(response.status).toBe(200);
  await gateway.gateway.stop();
  const events = gateway.auditText().split('\n').filter(Boolean);
  expect(
    events.map((line) => (JSON.parse(line) as { client: { address: string } }).client.address).toSorted(),
  ).toEqual(['192.0.2.7', '198.51.100.9']);
});

test('an unanswered subrequest that is not repeated is recorded before the gateway stops', async () => {
  const scenario = await startAuthorizerScenario();
  const { issuer, gateway } = scenario;
  issuer.faults.jwks = { kind: 'hang' };
  issuer.rotate({ keepOld: true });
  const socket = connect(gateway.authorizer as number, '127.0.0.1');
  const head = `GET /authorize/envoy/api/x HTTP/1.1\r\nHost: app.example\r\nAuthorization: Bearer ${issuer.mint()}\r\n\r\n`;
  socket.write(head);
  await eventually('the verification to start', async () => (await inFlight(gateway.adminUrl)) === 1);
  socket.destroy();
  await eventually('the connection to close', () => socket.closed);
  await gateway.gateway.stop();
  const [event] = gateway.auditText().split('\n').filter(Boolean);
  expect(JSON.parse(event ?? '')).toMatchObject({ event: { reason: 'client_left' } });
});

async function inFlight(adminUrl: string): Promise<number> {
  const found = /^gatehouse_requests_in_flight (\d+)$/m.exec(await text(`${adminUrl}/metrics`));
  return Number(found?.[1]);
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}
