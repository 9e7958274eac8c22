import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { CI_VALUES, render } from '../support/chart.ts';
import { kubeconform, KUBERNETES_VERSIONS, missingKubeconform } from '../support/kubeconform.ts';
import { needing } from '../support/needs.ts';

needing(missingKubeconform()).describe('the chart’s manifests', () => {
  const { test } = needing(undefined);
  let folder: string;
  const files: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-manifests-'));
    for (const name of CI_VALUES) {
      const rendered = await render(name);
      expect(rendered).toExitWith(0);
      files.push(join(folder, `${name}.yaml`));
      writeFileSync(join(folder, `${name}.yaml`), rendered.stdout);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const version of KUBERNETES_VERSIONS) {
    test(`are valid in Kubernetes ${version}`, async () => {
      const { stdout } = await kubeconform(files, version);
      const { resources = [], summary } = JSON.parse(stdout) as {
        resources?: readonly { filename: string; kind: string; status: string; msg: string }[];
        summary: { valid: number; skipped: number };
      };
      expect(resources.filter(({ status }) => status !== 'statusSkipped')).toEqual([]);
      expect(summary.valid).toBeGreaterThan(CI_VALUES.length * 6);
      // The Certificate of the TLS values.
      expect(summary.skipped).toBe(1);
    });
  }

  test('and an invalid manifest is detected', async () => {
    const { stdout } = await render('minimal');
    const file = join(folder, 'wrong.yaml');
    writeFileSync(file, stdout.replace('enableServiceLinks: false', 'enableServiceLink: false'));
    const outcome = await kubeconform([file], KUBERNETES_VERSIONS[0]);
    expect(outcome).toExitWith(1);
    expect(outcome.stdout).toContain('enableServiceLink');
  });
});
