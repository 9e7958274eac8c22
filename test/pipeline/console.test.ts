import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Clock } from '../../src/core/ports.ts';
import { askConsole } from '../support/console/ask-console.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { startScenario } from '../support/scenario.ts';

const SECRET = `ghdt_reader_${'1a'.repeat(32)}`;

/** A gateway with two deploy tokens, of which a request uses one. */
async function setUp(clock?: Clock) {
  const scenario = await startScenario({
    backends: { upstream: () => startRecordingUpstream() },
    ...(clock && { clock }),
    config: ({ upstream }) => `deployTokens:
  reader: { username: reader, secretHash: "sha256:${hash('sha256', SECRET)}", grants: [{ service: orders, scopes: [read_api], resources: ["**"] }, { service: registry, scopes: [read_registry], resources: ["**"] }] }
  writer: { username: writer, secretHash: "sha256:${hash('sha256', 'x')}", grants: [{ service: orders, scopes: [write_api], resources: ["**"] }] }
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  registry: { type: oci, upstream: { url: "${upstream.url}" } }`,
  });
  const pageText = async (): Promise<string> => {
    const { body } = await askConsole(scenario.gateway.adminUrl, '/console/deploy-tokens');
    return body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
  };
  return { ...scenario, pageText };
}

test('the last use of a deploy token', async () => {
  const { pageText, respond, audited } = await setUp();
  expect(await pageText()).toMatch(/reader no expiry never none recorded reader/);
  const wrong = await respond('GET /orders/1', [`Authorization: Basic ${btoa('reader:wrong')}`]);
  await audited(wrong);
  expect(await pageText()).toMatch(/reader no expiry never none recorded reader/);
  await audited(await respond('GET /orders/1', [`Authorization: Basic ${btoa(`reader:${SECRET}`)}`]));
  const text = await pageText();
  expect(text).toMatch(/reader no expiry never \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \d+ seconds? ago reader/);
  expect(text).toMatch(/writer no expiry never none recorded writer/);
});

test('the use of an access token is a use of its deploy token', async () => {
  let now = Date.now();
  const { pageText, respond, audited } = await setUp({ now: () => now });
  const login = await respond('GET /token?service=gateway.example.com&scope=repository:acme/app:pull', [
    `Authorization: Basic ${btoa(`reader:${SECRET}`)}`,
  ]);
  await audited(login);
  const { token } = JSON.parse(login.body) as { token: string };
  now += 120_000;
  expect(await pageText()).toContain('2 minutes ago reader');
  await audited(await respond('GET /v2/acme/app/tags/list', [`Authorization: Bearer ${token}`]));
  expect(await pageText()).toContain('0 seconds ago reader');
});
