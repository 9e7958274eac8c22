import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, loadEveryProtocol } from '../../app/build.ts';
import { loadConfigOffThread } from '../../config/serving.ts';
import { formatListenAddress } from '../../util/http/listen-address.ts';
import { acceptConfiguration } from '../configuration.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { VERSION } from '../version.ts';
import { DEMO_JOB, demoConfiguration } from './demo-configuration.ts';
import { startDemoIssuer } from './demo-issuer.ts';
import { findRegistry } from './demo-registry.ts';
import type { DemoStory } from './demo-story.ts';
import { freeLoopbackPort } from './loopback-port.ts';
import { openNpmStory } from './npm-story.ts';
import { openRegistryStory } from './registry-story.ts';
import { tellStory, type DemoScene } from './tell-story.ts';

interface DemoOptions {
  readonly once: boolean;
  readonly verbose: boolean;
}

/** Starts everything, tells the story, and waits for a stop signal; then it stops what it has started. */
export async function runDemo({ once, verbose }: DemoOptions, terminal: Terminal): Promise<ExitCode> {
  // A closed terminal sends SIGHUP, which would end the demo but not the registry.
  const hungUp = new Promise<void>((resolve) => terminal.onReloadSignal(resolve));
  const stopped = Promise.race([terminal.stopSignal(), hungUp]);
  const releases: (() => Promise<void> | void)[] = [];
  try {
    const scene = await openScene(terminal, releases);
    const told = tellStory(scene, { once, verbose }, terminal);
    // After a stop signal, the requests of the story fail.
    told.catch(() => undefined);
    await Promise.race([told, stopped]);
    if (!once) await stopped;
    return EXIT.done;
  } finally {
    for (const release of releases.toReversed()) await release();
  }
}

async function openScene(terminal: Terminal, releases: (() => Promise<void> | void)[]): Promise<DemoScene> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-demo-'));
  releases.push(() => rmSync(folder, { recursive: true, force: true }));
  const issuer = await startDemoIssuer();
  releases.push(() => issuer.close());
  const story = await openStory(terminal, folder);
  releases.push(() => story.close());

  const url = `http://127.0.0.1:${await freeLoopbackPort()}`;
  const file = join(folder, 'gatehouse.yaml');
  writeFileSync(file, demoConfiguration(url, issuer.url, story));
  const token = issuer.mint({ ...DEMO_JOB, aud: url });
  const tokenFile = join(folder, 'job.jwt');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  await loadOtherModules();
  // As `serve` does, so that the image's build fills the compile cache of both threads.
  const config = acceptConfiguration(file, await loadConfigOffThread(file, terminal.env), terminal);
  const gateway = await build(config, { version: VERSION });
  releases.push(() => gateway.stop());
  const { admin } = await gateway.start();
  return {
    story,
    issuerUrl: issuer.url,
    adminUrl: `http://${formatListenAddress(admin)}`,
    gateway: { url, token, tokenFile },
    configFile: file,
    auditFile: join(folder, 'audit.log'),
  };
}

/** The image's build fills its compile cache with a demo: other configurations use more protocols, and the YAML parser. */
async function loadOtherModules(): Promise<void> {
  const [{ yamlPackage }] = await Promise.all([import('../../config/index.ts'), loadEveryProtocol()]);
  yamlPackage();
}

function openStory({ env }: Terminal, folder: string): Promise<DemoStory> {
  const program = findRegistry(env['PATH']);
  return program === undefined ? openNpmStory(folder) : openRegistryStory(program, folder);
}
