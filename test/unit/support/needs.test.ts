import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { availability } from '../../support/needs.ts';
import { findTool, missingTools } from '../../support/tools.ts';

describe('availability', () => {
  test.each([
    { name: 'nothing missing', missing: undefined, ci: undefined, kind: 'run' },
    { name: 'nothing missing in CI', missing: undefined, ci: 'true', kind: 'run' },
    { name: 'missing on a desk', missing: 'wrk not installed', ci: undefined, kind: 'skip' },
    { name: 'missing with CI switched off', missing: 'wrk not installed', ci: 'false', kind: 'skip' },
    { name: 'missing in CI', missing: 'wrk not installed', ci: 'true', kind: 'fail' },
  ])('$name → $kind', ({ missing, ci, kind }) => {
    expect(availability(missing, ci).kind).toBe(kind);
  });
});

describe('missingTools', () => {
  test('names the packages to install, each once', () => {
    expect(
      missingTools(['nginx', 'curl', 'wrk'], (tool) => (tool === 'curl' ? '/usr/bin/curl' : undefined)),
    ).toBe('nginx, wrk not installed: apt-get install nginx-light wrk');
  });

  test('returns nothing if all tools are installed', () => {
    expect(missingTools(['nginx'], () => '/usr/sbin/nginx')).toBeUndefined();
  });
});

describe('findTool', () => {
  test('searches PATH in order and accepts executable files only', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tools-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [name, mode] of [
      ['first', 0o644],
      ['second', 0o755],
      ['third', 0o755],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'jq'), '', { mode });
    }
    const PATH = ['', 'first', 'second', 'third'].map((name) => name && join(folder, name)).join(':');
    expect(findTool('jq', { PATH })).toBe(join(folder, 'second', 'jq'));
  });
});
