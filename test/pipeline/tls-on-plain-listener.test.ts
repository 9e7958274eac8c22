import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startOrdersScenario } from '../support/scenario/orders.ts';

const keep = cleanUp();

/** Such as `docker login` of an address that has no TLS, or of the gateway instead of the proxy in front of it. */
test('the audit event of a TLS handshake at a listener without TLS names the cause', async () => {
  const scenario = keep(await startOrdersScenario('http://127.0.0.1:1'));
  const socket = connect({ port: scenario.port, host: '127.0.0.1' });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toMatch(/^ERR_SSL_/);
  await eventually('the audit event', () => scenario.auditText().includes('request_malformed'));
  expect(scenario.auditText()).toContain('"detail":"a TLS handshake at a listener without TLS"');
});
