import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startVerdaccio } from '../../test/support/verdaccio.ts';
import { bearer } from '../contestants/contestant.ts';
import { startGatehouse } from '../contestants/gatehouse.ts';
import { cpuMicroseconds } from '../machine/cpu-time.ts';
import { publishPackages } from '../machine/npm-feed.ts';
import { AUDIENCE, ISSUER } from '../machine/token.ts';
import type { Scenario } from './scenario.ts';

interface Feed {
  readonly lane: string;
  readonly registry: string;
  /** The line of `.npmrc` after the registry. */
  readonly login: string;
}

/** `npm install` with an empty cache, from Verdaccio directly and through the gateway. */
export const npm: Scenario = {
  title: 'npm install with an empty cache, from Verdaccio',
  contestants: ['gatehouse'],
  async run(stage) {
    const { bed, effort, progress } = stage;
    const verdaccio = await startVerdaccio();
    try {
      const { username, password, url } = verdaccio;
      const basic = Buffer.from(`${username}:${password}`).toString('base64');
      progress(`publishing ${effort.sizes.packages} packages`);
      const names = await publishPackages(url, basic, effort.sizes.packages);
      const auth = `{ basic: { username: ${username}, password: ${password} } }`;
      const gateway = stage.keep(
        await startGatehouse(bed, () => ({ 'policy.yaml': npmPolicy(`${url}/`, auth) })),
      );
      const token = bearer(bed.credentials.token).headers.authorization.slice('Bearer '.length);
      const feeds: readonly Feed[] = [
        { lane: 'direct', registry: `${url}/`, login: `_auth=${basic}` },
        { lane: 'gatehouse', registry: `${gateway.origin}/npm/`, login: `_authToken=${token}` },
      ];
      const seconds = new Map<string, number[]>(feeds.map(({ lane }) => [lane, []]));
      const cpu: number[] = [];
      for (let round = -1; round < effort.rounds; round += 1) {
        progress(round < 0 ? 'warming up' : `round ${round + 1} of ${effort.rounds}`);
        for (const feed of round % 2 === 0 ? feeds : feeds.toReversed()) {
          const before = cpuMicroseconds(gateway.pid);
          const took = await install(bed.folder, feed, names);
          if (round < 0) continue;
          seconds.get(feed.lane)?.push(took);
          if (feed.lane === 'gatehouse') cpu.push((cpuMicroseconds(gateway.pid) - before) / 1000);
        }
      }
      return [
        ...[...seconds].map(([lane, samples]) => ({ lane, metric: 'seconds' as const, samples })),
        { lane: 'gatehouse', metric: 'CPU ms' as const, samples: cpu },
      ];
    } finally {
      await verdaccio.close();
    }
  },
};

async function install(parent: string, { registry, login }: Feed, names: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(parent, 'project-'));
  const dependencies = Object.fromEntries(names.map((name) => [name, '1.0.0']));
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'project', private: true, dependencies }),
  );
  const host = registry.replace(/^http:/, '');
  const config = `registry=${registry}\n${host}:${login}\naudit=false\nfund=false\nupdate-notifier=false\n`;
  await writeFile(join(folder, '.npmrc'), config, { mode: 0o600 });
  const args = ['install', '--ignore-scripts', '--no-progress', '--cache', join(folder, 'cache')];
  const began = performance.now();
  await promisify(execFile)('npm', args, { cwd: folder });
  const took = (performance.now() - began) / 1000;
  await rm(folder, { recursive: true });
  return took;
}

function npmPolicy(upstream: string, auth: string): string {
  return `version: 1
issuers:
  gitlab: { type: gitlab, issuer: ${ISSUER}, audiences: [${AUDIENCE}], jwksFile: jwks.json }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20" }
    grants: [{ service: npm, scopes: [read_package_registry], resources: ["**"] }]
services:
  npm: { type: npm, path: /npm/, upstream: { url: "${upstream}", auth: ${auth} } }
`;
}
