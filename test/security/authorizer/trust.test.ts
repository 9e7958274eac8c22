/** The peers of the authorizer, and the credential of the upstream in its responses (threats A3). */
import { statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { BlockList, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { isTrustedPeer } from '../../../src/http/trusted-peers.ts';
import { startAuthorizerScenario } from '../../support/authorizer/scenario.ts';
import { createAuthority } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const DESCRIPTION = {
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'app.example',
  'X-Forwarded-Uri': '/public/x',
};

/** The status of a subrequest, or the code of the error. */
function ask(options: RequestOptions, send = httpRequest): Promise<number | string> {
  return new Promise((resolve) => {
    const req = send(
      { path: '/authorize/forward', headers: DESCRIPTION, agent: false, ...options },
      (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      },
    );
    req.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
    req.end();
  });
}

describe('the peer', () => {
  const trusted = new BlockList();
  trusted.addSubnet('10.0.0.0', 8, 'ipv4');
  const peer = (remoteAddress: string | undefined): Socket =>
    ({
      remoteAddress,
      remoteFamily: remoteAddress === undefined ? undefined : 'IPv4',
      destroyed: false,
    }) as Socket;

  test.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.2', true],
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['192.0.2.1', false],
    ['2001:db8::1', false],
    [undefined, true],
  ])('%s: %s', (address, expected) => {
    expect(isTrustedPeer(peer(address), { requiresCertificate: false, trusted })).toBe(expected);
  });

  test('without TLS, no address replaces a required certificate', () => {
    expect(isTrustedPeer(peer('127.0.0.1'), { requiresCertificate: true, trusted })).toBe(false);
  });
});

test('tls.clientCaFile: every peer presents a certificate of this authority, on loopback too', async () => {
  const [authority, other, servers] = ['proxies', 'others', 'gateways'].map((name) => createAuthority(name));
  const server = servers?.issue('IP:127.0.0.1');
  const { gateway } = await startAuthorizerScenario({
    authorizer: ', tls: { certFile: tls.crt, keyFile: tls.key, clientCaFile: clients.crt }',
    files: {
      'tls.crt': server?.cert ?? '',
      'tls.key': server?.key ?? '',
      'clients.crt': authority?.certificate ?? '',
    },
  });
  const tls = { host: '127.0.0.1', port: gateway.authorizer, ca: servers?.certificate };

  expect(await ask({ ...tls, ...authority?.issue('DNS:proxy') }, httpsRequest)).toBe(200);
  expect(await ask({ ...tls, ...other?.issue('DNS:proxy') }, httpsRequest)).not.toBe(200);
  expect(await ask(tls, httpsRequest)).not.toBe(200);
});

describe('a Unix domain socket', () => {
  test('is open to the group of the gateway, and replaces one that a crash left', async () => {
    const folder = temporaryFolder('socket');
    onTestFinished(() => folder.close());
    const socketPath = join(folder.path, 'authorizer.sock');
    const first = await startAuthorizerScenario({ listen: `unix:${socketPath}` });
    expect(await ask({ socketPath })).toBe(200);
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    await first.close();
    expect(await ask({ socketPath })).toBe('ENOENT');
  });

  test('in use: the gateway does not start', async () => {
    const folder = temporaryFolder('socket');
    onTestFinished(() => folder.close());
    const listen = `unix:${join(folder.path, 'authorizer.sock')}`;
    await startAuthorizerScenario({ listen });
    await expect(startAuthorizerScenario({ listen })).rejects.toMatchObject({
      code: 'startup_failed',
      message: expect.stringContaining('is in use by another process') as string,
    });
  });
});

test('a reload that removes server.authorizer: subrequests get no response until the restart', async () => {
  const { gateway } = await startAuthorizerScenario({
    app: ', upstream: { url: "http://127.0.0.1:9/" }',
    services: '  unused: { type: http, hosts: [unused.example], upstream: { url: "http://127.0.0.1:9/" } }',
  });
  expect(await ask({ port: gateway.authorizer })).toBe(200);
  const without = (yaml: string): string =>
    yaml
      .replace(/^ {2}authorizer: .*\n/m, '')
      .replace('files: { type: generic', 'files: { upstream: { url: "http://127.0.0.1:9/" }, type: generic')
      .replace('registry: { type: oci', 'registry: { upstream: { url: "http://127.0.0.1:9/" }, type: oci');
  expect(await gateway.reload(without)).toBe(true);
  expect(await ask({ port: gateway.authorizer })).toBe('ECONNRESET');
});

describe('the credential of the upstream', () => {
  const service = (more: string): string =>
    `  injected: { type: http, hosts: [injected.example], upstream: { url: "http://127.0.0.1:9/", auth: { header: { name: X-Upstream-Key, value: canary-upstream } } }, anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]${more} }`;
  async function credentialOf(more: string, target: string, authenticated = true): Promise<unknown> {
    const scenario = await startAuthorizerScenario({
      services: service(more),
      grants: '      - { service: injected, scopes: [read_api], resources: ["/api/**"] }\n',
    });
    const headers = authenticated ? [scenario.bearer] : [];
    const response = await scenario.ask('forward', { target, host: 'injected.example', headers });
    expect(response.status).toBe(200);
    return response.headers.get('x-upstream-key');
  }

  test('is in the response with authorizer.injectCredential only', async () => {
    expect(await credentialOf('', '/api/x')).toBeUndefined();
    expect(await credentialOf(', authorizer: { injectCredential: true }', '/api/x')).toBe('canary-upstream');
  });

  test('never for anonymous requests', async () => {
    const inject = ', authorizer: { injectCredential: true }';
    expect(await credentialOf(inject, '/public/x', false)).toBeUndefined();
  });

  test('never for requests that only shadow mode allows', async () => {
    const inject = ', authorizer: { injectCredential: true }, mode: shadow';
    expect(await credentialOf(inject, '/denied')).toBeUndefined();
  });
});
