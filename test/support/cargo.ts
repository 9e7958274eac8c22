import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { needing } from './needs.ts';
import { ROOT } from './repository.ts';
import { run, type Outcome } from './run.ts';
import { packagesSnippet } from './snippet-shell.ts';
import { startTcpRelay } from './tcp-relay.ts';

const SERVER = join(ROOT, 'node_modules/.cache/gatehouse/cargo/bin/ferro-cargo-registry-server');

/** `describe` and `test` for tests that need cargo and a crate registry. */
export const needsCargo = needing(
  existsSync(SERVER) ? undefined : 'registry of crates not installed: .ci/cargo-registry',
);

export interface CrateRegistry {
  readonly url: string;
  /** All received bytes. */
  received(): string;
  close(): Promise<void>;
}

/** A sparse registry with Cargo's web API and an empty store, without authentication. */
export async function startCrateRegistry(): Promise<CrateRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-crates-'));
  const port = await freePort();
  const relay = await startTcpRelay(port);
  const url = `http://127.0.0.1:${relay.port}`;
  const child = spawn(SERVER, {
    stdio: 'ignore',
    cwd: folder,
    env: {
      FERRO_CARGO_REGISTRY_DATA: join(folder, 'data'),
      FERRO_CARGO_REGISTRY_LISTEN: `127.0.0.1:${port}`,
      // The URLs in config.json.
      FERRO_CARGO_REGISTRY_API: url,
    },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await eventually('the registry of crates to answer', () => {
    if (child.exitCode !== null) throw new Error(`the registry of crates ended with ${child.exitCode}`);
    return fetch(`http://127.0.0.1:${port}/config.json`).catch(() => undefined);
  });
  return {
    url,
    received: relay.sent,
    async close() {
      child.kill();
      await ended;
      await relay.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Cargo with a separate home and the documented registry `acme`; the toolchain is the installed one. */
export function cargo(
  place: string,
  registry: { readonly host: string; readonly token?: string },
  ...args: readonly string[]
): Promise<Outcome> {
  const env = cargoEnvironment(place, registry.host);
  const { token } = registry;
  return run('cargo', args, {
    cwd: place,
    env: token === undefined ? env : { ...env, CARGO_REGISTRIES_ACME_TOKEN: token },
  });
}

export function cargoEnvironment(place: string, host: string): NodeJS.ProcessEnv {
  const home = join(place, '.cargo-home');
  mkdirSync(home, { recursive: true });
  const config = packagesSnippet('Cargo', '.cargo/config.toml', host);
  writeFileSync(join(home, 'config.toml'), `${config}[net]\nretry = 0\n`);
  return {
    PATH: `${process.env['PATH']}:${join(homedir(), '.cargo/bin')}`,
    HOME: place,
    CARGO_HOME: home,
    RUSTUP_HOME: process.env['RUSTUP_HOME'] ?? join(homedir(), '.rustup'),
  };
}

/** A library crate, or a crate that depends on one. */
export function writeCrate(place: string, name: string, dependency?: string): void {
  mkdirSync(join(place, 'src'), { recursive: true });
  writeFileSync(join(place, 'src/lib.rs'), 'pub fn answer() -> u8 { 42 }\n');
  const dependencies =
    dependency === undefined ? '' : `${dependency} = { version = "1", registry = "acme" }\n`;
  writeFileSync(
    join(place, 'Cargo.toml'),
    `[package]
name = "${name}"
version = "1.0.0"
edition = "2021"
license = "MIT"
description = "for tests"
[dependencies]
${dependencies}`,
  );
}

/** A workspace of library crates, each in the folder of its name. */
export function writeWorkspace(place: string, crates: readonly string[]): void {
  for (const name of crates) writeCrate(join(place, name), name);
  writeFileSync(
    join(place, 'Cargo.toml'),
    `[workspace]\nresolver = "2"\nmembers = ${JSON.stringify(crates)}\n`,
  );
}
