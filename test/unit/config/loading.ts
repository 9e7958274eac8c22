import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadConfig, type Config, type Problem } from '../../../src/config/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Writes the files into a directory that goes away with the test. */
export function writeFiles(files: Readonly<Record<string, string | Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content, { mode: 0o600 });
  }
  return directory;
}

/** When all of these configurations are read. */
export const NOW = Date.parse('2026-06-15T12:00:00Z');

/** One YAML file, with others next to it. */
export function load(yaml: string | Buffer, env: Environment = {}, beside: Record<string, string> = {}) {
  return loadConfig(join(writeFiles({ ...beside, 'gatehouse.yaml': yaml }), 'gatehouse.yaml'), env, NOW);
}

export function accepted(yaml: string, env: Environment = {}, beside: Record<string, string> = {}): Config {
  const result = load(yaml, env, beside);
  if (result.kind === 'invalid') throw new Error(`refused: ${result.problems.map(brief).join('\n')}`);
  return result.config;
}

/** `line:column path: message` of every error; empty where the configuration is accepted. */
export function errorsOf(yaml: string | Buffer, env: Environment = {}, beside: Record<string, string> = {}) {
  const result = load(yaml, env, beside);
  return result.kind === 'loaded' ? [] : result.problems.map(brief);
}

export function warningsOf(yaml: string, env: Environment = {}, beside: Record<string, string> = {}) {
  const { warnings } = load(yaml, env, beside);
  return warnings.filter(({ severity }) => severity === 'warning').map(brief);
}

function brief({ line, column, path, message }: Problem): string {
  return `${line}:${column} ${path}: ${message}`;
}

/** A whole configuration without problems, of sections that a test can replace. */
export function configuration(sections: Readonly<Record<string, string>> = {}): string {
  const all: Record<string, string> = { ...WHOLE, ...sections };
  return ['version: 1', ...Object.entries(all).map(([name, body]) => `${name}: ${body}`)].join('\n');
}

const WHOLE = {
  server: '{ publicUrl: https://gateway.example.com }',
  issuers: '{ gitlab: { type: gitlab, issuer: https://gitlab.example.com } }',
  identities: '{ payments: { issuer: gitlab, match: { project_id: "20" }, roles: [reader] } }',
  roles: '{ reader: [{ service: orders, scopes: [read_api], resources: ["/v1/**"] }] }',
  services: '{ orders: { type: http, path: /orders/, upstream: { url: http://orders.internal/ } } }',
};
