import { hash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { startHttpUpstream } from './http-upstream.ts';
import { pythonProgram } from './python.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { findTool } from './tools.ts';

/** The credential of the gateway, and the token that GitLab writes into the URL of a module: neither reaches a client. */
export const UPSTREAM = {
  authorization: `Basic ${Buffer.from('gatehouse:canary-terraform').toString('base64')}`,
  urlToken: 'canary-url-token',
} as const;

export interface TerraformRequest {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

/** Terraform's registries, a network mirror and the HTTP state backend, as their protocol documents describe them. */
export interface TerraformRegistry {
  readonly url: string;
  readonly requests: TerraformRequest[];
  /** By name. */
  readonly states: Map<string, string>;
  readonly locks: Map<string, string>;
  close(): Promise<void>;
}

const PROVIDER_PLATFORM = `linux_${process.arch === 'arm64' ? 'arm64' : 'amd64'}`;
const [OS = '', ARCHITECTURE = ''] = PROVIDER_PLATFORM.split('_');
const ARCHIVE = `terraform-provider-null_1.0.0_${PROVIDER_PLATFORM}.zip`;
const SHASUMS = 'terraform-provider-null_1.0.0_SHA256SUMS';
const JSON_TYPE = { 'Content-Type': 'application/json' };

export async function startTerraformRegistry(): Promise<TerraformRegistry> {
  const folder = temporaryFolder('terraform-registry');
  const files = createFiles(folder.path);
  const requests: TerraformRequest[] = [];
  const states = new Map<string, string>();
  const locks = new Map<string, string>();
  const upstream = await startHttpUpstream((req, res) => void serve(req, res));
  const { url } = upstream;

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    requests.push({ line: `${req.method} ${req.url}`, headers: req.headers });
    const body = await text(req);
    const { pathname, searchParams } = new URL(req.url ?? '', url);
    // GitLab authenticates this route by the token in the URL only (lib/api/terraform/modules/v1/namespace_packages.rb).
    const byToken = pathname.endsWith('/file');
    const authenticated = byToken
      ? searchParams.get('token') === UPSTREAM.urlToken
      : req.headers.authorization === UPSTREAM.authorization;
    if (!authenticated) return void res.writeHead(401).end();
    const state = /^\/states\/(.+)$/.exec(pathname)?.[1];
    if (state !== undefined) return serveState(req, res, { name: state, body });
    serveRead(pathname, res);
  }

  function serveRead(path: string, res: ServerResponse): void {
    const json = (value: unknown): void => void res.writeHead(200, JSON_TYPE).end(JSON.stringify(value));
    const [, module] = /^\/modules\/v1\/(acme\/(?:vpc|net|body)\/aws|other\/vpc\/aws)\//.exec(path) ?? [];
    if (module !== undefined) {
      if (path.endsWith('/versions')) return json({ modules: [{ versions: [{ version: '1.0.0' }] }] });
      if (path.endsWith('/file')) return void res.end(files.read('module.tar.gz'));
      // OpenTofu reads the body, Terraform 1.15 the header only.
      if (module.includes('/body/')) return json({ location: '/files/net-1.0.0.tar.gz' });
      if (module.includes('/net/'))
        return void res.writeHead(204, { 'X-Terraform-Get': '/files/net-1.0.0.tar.gz' }).end();
      const location = `${url}/modules/v1/${module}/1.0.0/file?token=${UPSTREAM.urlToken}&archive=tgz`;
      return void res.writeHead(204, { 'X-Terraform-Get': location }).end();
    }
    switch (path) {
      case '/files/net-1.0.0.tar.gz':
        return void res.writeHead(302, { Location: `${url}/storage/net.tar.gz` }).end();
      case '/storage/net.tar.gz':
        return void res.end(files.read('module.tar.gz'));
      case '/providers/v1/acme/null/versions':
        return json({
          versions: [{ version: '1.0.0', protocols: ['5.0'], platforms: [{ os: OS, arch: ARCHITECTURE }] }],
        });
      case `/providers/v1/acme/null/1.0.0/download/${OS}/${ARCHITECTURE}`:
        return json({
          protocols: ['5.0'],
          os: OS,
          arch: ARCHITECTURE,
          filename: ARCHIVE,
          download_url: `${url}/files/${ARCHIVE}`,
          shasums_url: `/files/${SHASUMS}`,
          shasums_signature_url: `${url}/files/${SHASUMS}.sig`,
          shasum: hash('sha256', files.read(ARCHIVE)),
          signing_keys: { gpg_public_keys: [files.publicKey] },
        });
      case '/mirror/registry.example.com/acme/null/index.json':
        return json({ versions: { '1.0.0': {} } });
      case '/mirror/registry.example.com/acme/null/1.0.0.json':
        return json({ archives: { [PROVIDER_PLATFORM]: { url: ARCHIVE } } });
      default: {
        const name = path.slice(path.lastIndexOf('/') + 1);
        if (name.startsWith('terraform-provider-null_')) return void res.end(files.read(name));
        return void res.writeHead(404).end();
      }
    }
  }

  function serveState(
    { method }: IncomingMessage,
    res: ServerResponse,
    { name, body }: { readonly name: string; readonly body: string },
  ): void {
    const lock = name.endsWith('/lock') ? name.slice(0, -'/lock'.length) : name;
    const locking = method === 'LOCK' || (method === 'POST' && lock !== name);
    if (locking) {
      const holder = locks.get(lock);
      if (holder !== undefined) return void res.writeHead(name === lock ? 423 : 409, JSON_TYPE).end(holder);
      locks.set(lock, body);
      return void res.end();
    }
    if (method === 'UNLOCK' || (method === 'DELETE' && lock !== name)) {
      locks.delete(lock);
      return void res.end();
    }
    if (method === 'POST') states.set(name, body);
    if (method === 'DELETE') states.delete(name);
    const stored = states.get(name);
    if (method === 'GET' && stored === undefined) return void res.writeHead(404).end();
    res.end(method === 'GET' ? stored : undefined);
  }

  return {
    url,
    requests,
    states,
    locks,
    async close() {
      await upstream.close();
      folder.close();
    },
  };
}

/** A module, and a provider with signed checksums. */
function createFiles(folder: string): {
  readonly publicKey: { readonly key_id: string; readonly ascii_armor: string };
  read(name: string): Buffer;
} {
  const run = (program: string, ...args: readonly string[]): string =>
    execFileSync(program, args, {
      cwd: folder,
      env: { ...process.env, GNUPGHOME: join(folder, 'gpg') },
    }).toString();
  writeFileSync(join(folder, 'main.tf'), 'output "answer" { value = 42 }\n');
  run('tar', '-czf', 'module.tar.gz', 'main.tf');
  writeFileSync(join(folder, 'terraform-provider-null_v1.0.0'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  run(pythonProgram('python'), '-m', 'zipfile', '-c', ARCHIVE, 'terraform-provider-null_v1.0.0');
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  writeFileSync(join(folder, SHASUMS), `${hash('sha256', read(ARCHIVE))}  ${ARCHIVE}\n`);
  mkdirSync(join(folder, 'gpg'), { mode: 0o700 });
  const gpg = findTool('gpg') ?? 'gpg';
  const options = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  run(gpg, ...options, '--quick-generate-key', 'acme@example.com', 'rsa2048', 'sign', 'never');
  run(gpg, ...options, '--detach-sign', '--output', `${SHASUMS}.sig`, SHASUMS);
  const [, keyId = ''] =
    /^pub:(?:[^:]*:){3}([0-9A-F]{16}):/m.exec(run(gpg, '--list-keys', '--with-colons')) ?? [];
  const armor = run(gpg, '--armor', '--export');
  run('gpgconf', '--kill', 'gpg-agent');
  return { publicKey: { key_id: keyId, ascii_armor: armor }, read };
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
