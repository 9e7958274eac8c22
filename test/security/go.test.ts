/** Go modules: ambiguous requests and a malicious upstream. Raw bytes sent, raw bytes received by the upstream. */
import { describe, expect, test } from 'vitest';
import { exchange, rawRequest, type RawResponse } from '../support/raw-client.ts';
import { useRecordedScenario } from '../support/scenario/recorded.ts';

const scenario = useRecordedScenario({
  host: 'go.example.com',
  config: ({ issuer, upstream }) => `
issuers: { gitlab: { type: gitlab, issuer: "${issuer.url}" } }
identities:
  ci:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: go, scopes: [read_package_registry], resources: ["example.com/Acme/**"] }]
services:
  go:
    type: go
    path: /go/
    upstream: { url: "${upstream.url}/" }
`,
});

/** As `go` sends it: Basic, from .netrc. */
function request(line: string): string {
  const basic = Buffer.from(`ci:${scenario.token}`).toString('base64');
  return `${line} HTTP/1.1\r\nHost: go.example.com\r\nAuthorization: Basic ${basic}\r\nConnection: close\r\n\r\n`;
}

async function fetchPath(line: string): Promise<RawResponse | undefined> {
  return (await rawRequest(scenario.gateway.port, request(line), { quiet: 300 }))[0];
}

test('`!` names the same module with and without percent-encoding', async () => {
  expect((await fetchPath('GET /go/example.com/%21acme/lib/@v/list'))?.status).toBe(200);
  expect((await fetchPath('GET /go/example.com/!acme/lib/@v/list'))?.status).toBe(200);
  const line = 'GET /example.com/!acme/lib/@v/list HTTP/1.1';
  expect(scenario.upstream.requests().map(({ requestLine }) => requestLine)).toEqual([line, line]);
});

describe('requests that are not forwarded', () => {
  test.each<[string, number]>([
    ['GET /go/example.com/acme/lib/@v/list', 403],
    ['GET /go/example.com/Acme/lib/@v/list', 403],
    ['GET /go/example.com/%41cme/lib/@v/list', 403],
    ['GET /go/example.com/!!acme/lib/@v/list', 403],
    ['GET /go/example.com/!acme/lib/@v/../../other/@v/list', 400],
    ['GET /go/example.com/!acme/..%2fother/@v/list', 400],
    ['GET /go/example.com/!acme%2flib/@v/list', 400],
    ['GET /go/example.com/!acme/%252e%252e/@v/list', 400],
    ['GET /go/example.com/!acme/lib/@v/v1.0.0%00.mod', 400],
    ['GET /go/example.com/!acme/lib/@v/list/@v/list', 403],
    ['GET /go/example.com/!acme/lib/', 403],
    ['GET /go/', 403],
    ['GET /go/sumdb/a.example.com/lookup/example.com/other@v1.0.0', 403],
    ['GET /go/sumdb/a.example.com/lookup/example.com/other@v1/lookup/example.com/!acme@v1', 403],
    ['PUT /go/example.com/!acme/lib/@v/list', 403],
  ])('%s → %i', async (line, status) => {
    expect((await fetchPath(line))?.status).toBe(status);
    expect(scenario.upstream.bytes()).toBe('');
  });
});

test('a refusal is plain text and never 404', async () => {
  const denied = await fetchPath('GET /go/example.com/other/@v/list');
  expect(denied?.status).toBe(403);
  expect(denied?.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(denied?.body.trimEnd().split('\n').length).toBeLessThanOrEqual(8);
});

describe('a malicious upstream', () => {
  test.each([404, 410])('its %i is relayed', async (status) => {
    scenario.upstream.respond(`HTTP/1.1 ${status} Gone\r\nContent-Length: 4\r\n\r\nnone`);
    expect(await fetchPath('GET /go/example.com/!acme/lib/@v/list')).toMatchObject({ status, body: 'none' });
  });

  test('HTML is relayed unchanged', async () => {
    const page = `<html><a href="${scenario.upstream.url}/x">x</a></html>`;
    scenario.upstream.respond(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
    );
    expect((await fetchPath('GET /go/example.com/!acme/lib/@v/v1.0.0.info'))?.body).toBe(page);
  });

  test('a truncated archive is aborted', async () => {
    scenario.upstream.respond(
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nPK'),
    );
    const received = await exchange(
      scenario.gateway.port,
      request('GET /go/example.com/!acme/lib/@v/v1.0.0.zip'),
    );
    if (!received.startsWith('HTTP/1.1 502')) expect(received).toMatch(/content-length: 100[^]*\r\n\r\nPK$/i);
  });
});
