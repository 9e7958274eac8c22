import { expect } from 'vitest';
import { HAPROXY, startExternalProxy } from '../../support/authorizer/proxies.ts';
import { testExternalProxy } from '../../support/authorizer/proxy-suite.ts';
import { startAuthorizerScenario } from '../../support/authorizer/scenario.ts';
import { snippet } from '../../support/docs.ts';
import { needs } from '../../support/needs.ts';
import { rawRequest } from '../../support/raw-client.ts';

const PAGE = 'docs/guides/external-authorization/haproxy.md';

testExternalProxy(HAPROXY, { down: 503, passesUnable: true, webSockets: true });

needs('haproxy').test('HAProxy repeats a subrequest without a response: one audit event', async () => {
  const { issuer, gateway } = await startAuthorizerScenario();
  const authorizer = `127.0.0.1:${gateway.authorizer}`;
  const shorter = (name: string): string =>
    snippet(PAGE, 'Configuration', name).replace('timeout = 5000', 'timeout = 500');
  const proxy = await startExternalProxy(HAPROXY, shorter, {
    app: authorizer,
    registry: authorizer,
    authorizer,
    gateway: authorizer,
  });
  try {
    issuer.faults.jwks = { kind: 'hang' };
    issuer.rotate({ keepOld: true });
    const head = `GET /api/x HTTP/1.1\r\nHost: app.example\r\nAuthorization: Bearer ${issuer.mint()}\r\nConnection: close\r\n\r\n`;
    const [response] = await rawRequest(proxy.port, head, { quiet: 20_000 });
    expect(response?.status).toBe(503);
    await gateway.gateway.stop();
    const lines = gateway.auditText().split('\n');
    const events = lines.filter((line) => line.includes('"path":"/api/x"'));
    expect(events).toHaveLength(1);
    expect(JSON.parse(events[0] ?? '')).toMatchObject({ event: { reason: 'client_left' } });
  } finally {
    await proxy.close();
  }
});
