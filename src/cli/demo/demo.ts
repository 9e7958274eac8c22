import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatListenAddress } from '../../util/http/listen-address.ts';
import type { Command } from '../command.ts';
import { loadConfigOffThread } from '../../config/serving.ts';
import { acceptConfiguration } from '../configuration.ts';
import { startDemoIssuer, type DemoIssuer } from './demo-issuer.ts';
import { startEcho } from './demo-server.ts';
import { EXIT, type Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';

export const demoCommand: Command = {
  summary: 'run a self-contained demonstration with a built-in issuer and upstream',
  help: `
Starts an issuer of GitLab-like ID tokens, an upstream that echoes its requests, and the gateway between them, all
on free loopback ports. Sends an allowed, a denied and an anonymous request, shows the upstream requests and the
audit log, prints curl commands to try, and runs until Ctrl-C.`,
  options: { once: { type: 'boolean', help: 'Exit after the three requests.' } },
  async run(values, terminal) {
    const { build } = await import('../../app/build.ts');
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
    const stopped = terminal.stopSignal();
    const [issuer, echo] = await Promise.all([startDemoIssuer(), startEcho()]);
    const file = join(folder, 'gatehouse.yaml');
    writeFileSync(file, configuration(issuer.url, echo.url));
    // As `serve` does, so that the image's build fills the compile cache of both threads.
    const config = acceptConfiguration(file, await loadConfigOffThread(file, terminal.env), terminal);
    const gateway = build(config, { version: VERSION });
    try {
      const addresses = await gateway.start();
      const url = `http://${formatListenAddress(addresses.server)}`;
      terminal.out(
        '\nGatehouse demo\n\n' +
          `  issuer    ${issuer.url}   issues ID tokens like GitLab CI\n` +
          `  upstream  ${echo.url}   echoes its requests\n` +
          `  gateway   ${url}   authenticates and authorizes requests\n` +
          `  admin     http://${formatListenAddress(addresses.admin)}   /readyz, /metrics\n` +
          `  config    ${file}\n`,
      );
      await sendRequests(terminal, url, issuer);
      await showAudit(terminal, join(folder, 'audit.log'));
      if (values['once'] === true) return EXIT.done;
      terminal.out(tryYourself(url, issuer));
      await stopped;
      return EXIT.done;
    } finally {
      await gateway.stop();
      issuer.close();
      echo.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

const PAYMENTS_JOB = {
  aud: 'https://gateway.example.com',
  sub: 'project_path:acme/payments:ref_type:branch:ref:main',
  project_id: '20',
  project_path: 'acme/payments',
  namespace_id: '7',
  namespace_path: 'acme',
  ref: 'main',
  ref_type: 'branch',
  ref_protected: 'true',
  pipeline_id: '1001',
  job_id: '5001',
  user_login: 'ada',
};

const OTHER_JOB = {
  ...PAYMENTS_JOB,
  sub: 'project_path:other/app:ref_type:branch:ref:main',
  project_id: '99',
  project_path: 'other/app',
  namespace_id: '66',
  namespace_path: 'other',
};

async function sendRequests(terminal: Terminal, url: string, issuer: DemoIssuer): Promise<void> {
  const requests = [
    {
      title: '1. Allowed: a job of acme/payments reads its orders',
      path: '/orders/v1/acme/payments',
      token: issuer.mint(PAYMENTS_JOB),
    },
    {
      title: '2. Denied: a job of another project sends the same request',
      path: '/orders/v1/acme/payments',
      token: issuer.mint(OTHER_JOB),
    },
    {
      title: '3. Anonymous: the policy allows anonymous access to this path',
      path: '/orders/public/status',
      token: undefined,
    },
  ];
  for (const { title, path, token } of requests) {
    const headers = {
      // The gateway drains open connections before it exits, so a kept-alive connection would delay the exit.
      Connection: 'close',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    const response = await fetch(url + path, { headers });
    const shown = token === undefined ? '' : '   with an ID token';
    terminal.out(`\n${title}\n  GET ${path}${shown}\n  → ${response.status}\n`);
    terminal.out(
      response.ok ? received(await response.json(), token !== undefined) : indent(await response.text()),
    );
  }
}

function received(echo: unknown, hasToken: boolean): string {
  const { headers } = echo as { headers: Record<string, string> };
  const rows = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-') || name === 'authorization')
    .map(([name, value]) => `    ${name}: ${value}\n`);
  const note =
    hasToken && headers['authorization'] === undefined ? '    (the client’s token is not forwarded)\n' : '';
  return `  headers at the upstream:\n${rows.join('')}${note}`;
}

async function showAudit(terminal: Terminal, file: string): Promise<void> {
  // The audit log is written in batches.
  let lines: string[] = [];
  for (let attempt = 0; attempt < 50 && lines.length < 3; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    lines = readFileSync(file, 'utf8').trim().split('\n');
  }
  terminal.out(`\nThe audit log (one JSON line per request):\n${lines.map(indent).join('')}`);
}

function tryYourself(url: string, issuer: DemoIssuer): string {
  return `
Commands to try (the token is valid for one hour):
  TOKEN=${issuer.mint(PAYMENTS_JOB)}
  curl -i -H "Authorization: Bearer $TOKEN" ${url}/orders/v1/acme/payments
  curl -i -H "Authorization: Bearer $TOKEN" -H "X-Auth-Identity: admin" ${url}/orders/v1/acme/payments
  curl -i -H "Authorization: Bearer $TOKEN" -X DELETE ${url}/orders/v1/acme/payments
  curl -i ${url}/orders/v1/acme/payments

Press Ctrl-C to stop.
`;
}

function indent(text: string): string {
  return `  ${text.trimEnd()}\n`;
}

function configuration(issuer: string, upstream: string): string {
  return `version: 1

server:
  listen: 127.0.0.1:0
  publicUrl: https://gateway.example.com
  admin: { listen: 127.0.0.1:0 }
  limits: { drain: 1s }

logs: { level: warn }
audit: { file: audit.log }
state: { sqlite: { file: state.db } }

issuers:
  gitlab:
    type: gitlab
    issuer: ${issuer}

identities:
  payments-ci:
    issuer: gitlab
    match:
      project_id: "20"
    grants:
      - service: orders
        scopes: [read_api]
        resources: ["/v1/{claims.project_path}/**"]

services:
  orders:
    type: http
    path: /orders/
    upstream: { url: ${upstream}/ }
    anonymous: [{ scopes: [read_api], resources: ["/public/**"] }]
    identityHeaders: { X-Project: "{claims.project_path}" }
`;
}
