/** Reload storms with a large policy under traffic: no request fails, and the last configuration becomes active. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { startProcessScene } from '../support/scenario/orders-process.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { watchProcess } from './support/process-watch.ts';
import { sleep, startTraffic } from './support/traffic.ts';

const keep = cleanUp();
const ROUNDS = scaled(4, 20);
const IDENTITIES = 5_000;
/** The limit of a file is 1 MiB. */
const PER_FILE = 1_000;

faultCase('reload storms with 20,000 grants', ROUNDS * 8, async (report) => {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms',
      files: { 'roles.yaml': roles(0), ...identities() },
      more: (folder) => `audit: { file: ${join(folder, 'audit.log')} }\n`,
    }),
  );
  const { gateway, token, folder } = scene;
  const active = async (): Promise<string> =>
    ((await (await fetch(`${gateway.adminUrl}/status`)).json()) as { config: string }).config;
  const watch = watchProcess(gateway);
  watch.reset();
  const traffic = startTraffic({ url: `${gateway.url}/orders/x`, token, connections: 8, pause: 5 });
  for (let round = 1; round <= ROUNDS; round++) {
    const before = await active();
    // A torn file in between: the policy is refused as a whole, and the active one stays.
    writeFileSync(join(folder, 'roles.yaml'), roles(round).slice(0, -3));
    process.kill(gateway.pid, 'SIGHUP');
    await sleep(20);
    writeFileSync(join(folder, 'roles.new'), roles(round));
    renameSync(join(folder, 'roles.new'), join(folder, 'roles.yaml'));
    for (let n = 0; n < 3; n++) process.kill(gateway.pid, 'SIGHUP');
    await eventually(`configuration ${round} is active`, async () => (await active()) !== before, 60_000);
  }
  const figures = await watch.stop();
  await traffic.stop();
  expect(await gateway.signal('SIGTERM')).toBe(0);
  const events = readFileSync(join(folder, 'audit.log'), 'utf8').split('\n').length - 1;
  const reloads = gateway.log().filter(({ message }) => message === 'configuration reloaded').length;
  const { ids, resets, statuses } = traffic;
  report({ rounds: ROUNDS, reloads, requests: ids.length, resets: resets.length, 'audit events': events });
  report({ ...figures });
  expect(resets).toEqual([]);
  expect([...statuses.keys()]).toEqual([200]);
  expect(events).toBe(ids.length);
  expect(reloads).toBeGreaterThanOrEqual(ROUNDS);
});

/** Each reload changes one role that all identities have. */
function roles(revision: number): string {
  return `version: 1\nroles:\n  revised:\n    - { service: orders, scopes: [read_api], resources: ["/v1/${revision}/**"] }\n`;
}

/** Files of 1,000 identities with three grants and a role each. */
function identities(): Record<string, string> {
  const files = Array.from({ length: IDENTITIES / PER_FILE }, (_, file) => {
    const entries = Array.from({ length: PER_FILE }, (_entry, index) => identity(file * PER_FILE + index));
    return [`identities-${file}.yaml`, `version: 1\nidentities:\n${entries.join('')}`];
  });
  return Object.fromEntries(files) as Record<string, string>;
}

function identity(index: number): string {
  const project = 1000 + index;
  const grants = ['a', 'b', 'c'].map(
    (name) => `      - { service: orders, scopes: [read_api], resources: ["/v1/p-${project}/${name}/**"] }\n`,
  );
  return `  project-${project}:
    issuer: gitlab
    match: { project_id: "${project}", ref: { glob: "release/*" }, ref_type: branch, ref_protected: "true" }
    roles: [revised]
    grants:
${grants.join('')}`;
}
