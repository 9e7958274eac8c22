/** The refusal of a limit in the error format of each protocol, and before a body that names the operation. */
import { expect, test } from 'vitest';
import { closeAfterTest } from '../support/clean-up.ts';
import { openConversation } from '../support/conversation.ts';
import { SERVICE_TYPES, startEveryType } from '../support/every-type.ts';
import { rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

test('429 with Retry-After in every error format', async () => {
  const upstream = await startRecordingUpstream();
  closeAfterTest(upstream);
  const gateway = await startEveryType(upstream.url, 'limits: { requestsPerSecond: 0.01 }');
  closeAfterTest(gateway);
  for (const type of SERVICE_TYPES) {
    const first = await rawResponse(gateway.port, gateway.request(type), { quiet: 10_000 });
    expect([type, first.status]).not.toEqual([type, 429]);
    const { status, headers, body } = await rawResponse(gateway.port, gateway.request(type), {
      quiet: 10_000,
    });
    expect([type, status, headers.get('retry-after')]).toEqual([type, 429, '100']);
    expect([type, body]).toEqual([type, expect.stringContaining('0.01 per second')]);
    if (type === 'oci') expect(JSON.parse(body)).toMatchObject({ errors: [{ code: 'TOOMANYREQUESTS' }] });
  }
});

test('a package upload is refused before its body is read', async () => {
  const upstream = await startRecordingUpstream();
  closeAfterTest(upstream);
  const gateway = await startEveryType(upstream.url, 'limits: { requestsPerSecond: 0.01 }');
  closeAfterTest(gateway);
  const publish = [
    'PUT /npm/acme HTTP/1.1',
    'Host: gateway.example.com',
    `Authorization: Bearer ${gateway.token}`,
    'Content-Type: application/json',
    'Content-Length: 1000000',
    'Expect: 100-continue',
    '',
    '',
  ].join('\r\n');
  const allowed = await openConversation(gateway.port);
  allowed.write(publish);
  await expect.poll(() => allowed.received(), { timeout: 20_000 }).toContain('100 Continue');
  const refused = await openConversation(gateway.port);
  refused.write(publish);
  const [answer] = await refused.answers();
  expect(answer?.status).toBe(429);
  expect(refused.received()).not.toContain('100 Continue');
  allowed.destroy();
});
