import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../app/build.ts';
import { formatListenAddress } from '../util/http/listen-address.ts';
import type { Command } from './command.ts';
import { readConfiguration } from './configuration.ts';
import { startDemoIssuer, type DemoIssuer } from './demo-issuer.ts';
import { startEcho } from './demo-server.ts';
import { EXIT, type Terminal } from './terminal.ts';
import { VERSION } from './version.ts';

export const demo: Command = {
  summary: 'show the gateway at work, with an issuer and an upstream of its own',
  help: `
Starts an issuer of GitLab-shaped id tokens, an upstream that echoes what it receives, and the gateway between
them, all on free loopback ports. Makes an allowed, a denied and an anonymous request, shows what the upstream
received and what the audit trail says, prints curl lines to try, and stays up until Ctrl-C.`,
  options: { once: { type: 'boolean', help: 'Exit after the three requests.' } },
  async run(values, terminal) {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
    const stopped = terminal.stopSignal();
    const [issuer, echo] = await Promise.all([startDemoIssuer(), startEcho()]);
    const file = join(folder, 'gatehouse.yaml');
    writeFileSync(file, policy(issuer.url, echo.url));
    const gateway = build(readConfiguration({ config: file }, terminal), { version: VERSION });
    try {
      const addresses = await gateway.start();
      const url = `http://${formatListenAddress(addresses.server)}`;
      terminal.out(
        '\nGatehouse demo\n\n' +
          `  issuer    ${issuer.url}   mints id tokens as GitLab CI does\n` +
          `  upstream  ${echo.url}   echoes what it receives\n` +
          `  gateway   ${url}   stands between\n` +
          `  admin     http://${formatListenAddress(addresses.admin)}   /readyz, /metrics\n` +
          `  policy    ${file}\n`,
      );
      await show(terminal, url, issuer);
      // The trail is written in batches, a few milliseconds apart.
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

const PAYMENTS = {
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

const STRANGER = {
  ...PAYMENTS,
  sub: 'project_path:stranger/app:ref_type:branch:ref:main',
  project_id: '99',
  project_path: 'stranger/app',
  namespace_id: '66',
  namespace_path: 'stranger',
};

async function show(terminal: Terminal, url: string, issuer: DemoIssuer): Promise<void> {
  const requests = [
    {
      title: '1. Allowed: a job of acme/payments reads its orders',
      path: '/orders/v1/acme/payments',
      token: issuer.mint(PAYMENTS),
    },
    {
      title: '2. Denied: a job of another project tries the same',
      path: '/orders/v1/acme/payments',
      token: issuer.mint(STRANGER),
    },
    {
      title: '3. Anonymous: the policy opens this path to everybody',
      path: '/orders/public/status',
      token: undefined,
    },
  ];
  for (const { title, path, token } of requests) {
    const headers = {
      // The gateway drains open connections before it exits; a kept-alive one would delay the end of the demo.
      Connection: 'close',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    };
    const response = await fetch(url + path, { headers });
    const shown = token === undefined ? '' : '   with an id token';
    terminal.out(`\n${title}\n  GET ${path}${shown}\n  → ${response.status}\n`);
    terminal.out(response.ok ? received(await response.json()) : indent(await response.text()));
  }
}

function received(echo: unknown): string {
  const { headers } = echo as { headers: Record<string, string> };
  const rows = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-') || name === 'authorization')
    .map(([name, value]) => `    ${name}: ${value}\n`);
  const token = headers['authorization'] === undefined ? '    (the client’s token is not among it)\n' : '';
  return `  the upstream received:\n${rows.join('')}${token}`;
}

async function showAudit(terminal: Terminal, file: string): Promise<void> {
  let lines: string[] = [];
  for (let attempt = 0; attempt < 50 && lines.length < 3; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    lines = readFileSync(file, 'utf8').trim().split('\n');
  }
  terminal.out(`\nThe audit trail (one JSON line per request):\n${lines.map(indent).join('')}`);
}

function tryYourself(url: string, issuer: DemoIssuer): string {
  return `
Try it (the token is good for an hour):
  TOKEN=${issuer.mint(PAYMENTS)}
  curl -i -H "Authorization: Bearer $TOKEN" ${url}/orders/v1/acme/payments
  curl -i -H "Authorization: Bearer $TOKEN" -H "X-Auth-Identity: admin" ${url}/orders/v1/acme/payments
  curl -i -H "Authorization: Bearer $TOKEN" -X DELETE ${url}/orders/v1/acme/payments
  curl -i ${url}/orders/v1/acme/payments

Ctrl-C ends the demo.
`;
}

function indent(text: string): string {
  return `  ${text.trimEnd()}\n`;
}

function policy(issuer: string, upstream: string): string {
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
