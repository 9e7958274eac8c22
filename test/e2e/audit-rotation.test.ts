/** The audit file is rotated under traffic: each request has one whole line, in one of the files. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { eventually } from '../support/eventually.ts';
import { needs } from '../support/needs.ts';
import { startProcessScene, type ProcessScene } from '../support/scenario/orders-process.ts';
import { readText } from '../support/repository.ts';
import { findTool } from '../support/tools.ts';

const keep = cleanUp();

interface Rotation extends ProcessScene {
  readonly file: string;
  /** Sends requests until `run` is done. */
  during(run: () => Promise<void>): Promise<void>;
  /** Ids of the completed requests. */
  readonly answered: readonly string[];
  /** Ids in all audit files, in the order of the file names. Throws for a line that is not whole. */
  audited(): readonly string[];
}

async function startRotation(required = false): Promise<Rotation> {
  const scene = keep(
    await startProcessScene({
      respond: (_req, res) => void res.end('ok'),
      limits: 'drainDelay: 10ms, drain: 2s',
      more: (folder) => {
        mkdirSync(join(folder, 'audit'));
        return `audit: { file: audit/audit.log, required: ${required} }\n`;
      },
    }),
  );
  const folder = join(scene.folder, 'audit');
  const answered: string[] = [];
  return {
    ...scene,
    file: join(folder, 'audit.log'),
    answered,
    async during(run) {
      let going = true;
      const traffic = Array.from({ length: 4 }, async () => {
        while (going) {
          const answer = await scene.ask('GET');
          if ((await text(answer)) === 'ok') answered.push(String(answer.headers['x-request-id']));
        }
      });
      await run();
      going = false;
      await Promise.all(traffic);
    },
    audited: () =>
      readdirSync(folder)
        .toSorted()
        .flatMap((name) => {
          const bytes = readFileSync(join(folder, name));
          const lines = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString().split('\n');
          expect(lines.pop()).toBe('');
          return lines.map(
            (line) => (JSON.parse(line) as { http: { request: { id: string } } }).http.request.id,
          );
        }),
  };
}

/** Waits until the audit file exists and receives lines. */
async function receives({ file }: Rotation): Promise<void> {
  await eventually(`lines in ${file}`, () => existsSync(file) && readFileSync(file).length > 0, 10_000);
}

async function expectEveryRequest({ gateway, answered, audited }: Rotation): Promise<void> {
  expect(await gateway.signal('SIGTERM')).toBe(0);
  const ids = audited();
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBe(answered.length);
  expect(new Set(ids)).toEqual(new Set(answered));
}

test.each([
  ['with SIGHUP', true],
  ['without a signal', false],
])('a rename %s: the new file receives the next lines, and none is lost', async (_, signal) => {
  const scene = await startRotation();
  await scene.during(async () => {
    for (let n = 0; n < 3; n++) {
      await receives(scene);
      renameSync(scene.file, `${scene.file}.${n}`);
      if (signal) process.kill(scene.gateway.pid, 'SIGHUP');
      await receives(scene);
    }
  });
  await expectEveryRequest(scene);
});

test('a deleted file is created again within seconds, and the log counts the lost bytes', async () => {
  const scene = await startRotation();
  await scene.during(async () => {
    await receives(scene);
    rmSync(scene.file);
    await receives(scene);
  });
  expect(await scene.gateway.signal('SIGTERM')).toBe(0);
  const deleted = scene.gateway
    .log()
    .find(({ message }) => message === 'the audit file was deleted; recent lines are lost');
  expect(deleted).toMatchObject({ 'log.level': 'error', file: expect.stringContaining('audit.log') });
  expect(deleted?.['bytes']).toBeGreaterThan(0);
  const last = scene.answered.at(-1);
  expect(scene.audited()).toContain(last);
});

test('a deleted folder: events wait until the file can be created, and none of them is lost', async () => {
  const scene = await startRotation();
  await scene.during(() => receives(scene));
  const folder = join(scene.folder, 'audit');
  rmSync(folder, { recursive: true });
  await eventually('the log reports it', () =>
    scene.gateway.log().some(({ message }) => message.startsWith('the audit file cannot be reopened')),
  );
  const before = scene.answered.length;
  await scene.during(() => new Promise((resolve) => setTimeout(resolve, 300)));
  mkdirSync(folder);
  await receives(scene);
  expect(await scene.gateway.signal('SIGTERM')).toBe(0);
  expect(new Set(scene.audited())).toEqual(new Set(scene.answered.slice(before)));
}, 60_000);

needs('logrotate').test(
  'the logrotate example of the documentation: compressed after one more rotation, nothing lost',
  async () => {
    const scene = await startRotation();
    const conf = join(scene.folder, 'logrotate.conf');
    writeFileSync(conf, exampleFor(scene));
    chmodSync(conf, 0o644);
    const rotate = (): void =>
      void execFileSync(findTool('logrotate') ?? 'logrotate', [
        '--force',
        '--state',
        join(scene.folder, 'logrotate.state'),
        conf,
      ]);
    await scene.during(async () => {
      for (let n = 0; n < 3; n++) {
        await receives(scene);
        rotate();
      }
      await receives(scene);
    });
    expect(readdirSync(join(scene.folder, 'audit')).toSorted()).toEqual([
      'audit.log',
      'audit.log.1',
      'audit.log.2.gz',
      'audit.log.3.gz',
    ]);
    await expectEveryRequest(scene);
  },
  60_000,
);

/** The example with the paths and the process of this test. */
function exampleFor({ file, gateway }: Rotation): string {
  const [, block = ''] = readText('docs/reference/audit.md').split('For logrotate');
  const example = /^ {4}\/var[^]*?^ {4}\}$/m.exec(block)?.[0] ?? '';
  return example
    .replace('/var/log/gatehouse/audit.log', file)
    .replace(/systemctl kill .*/, `kill -HUP ${gateway.pid}`);
}

test('truncation by copytruncate: lines continue at the start of the file', async () => {
  const scene = await startRotation();
  await scene.during(() => receives(scene));
  await eventually('all lines', () => scene.audited().length === scene.answered.length);
  writeFileSync(`${scene.file}.1`, readFileSync(scene.file));
  writeFileSync(scene.file, '');
  await scene.during(() => receives(scene));
  await expectEveryRequest(scene);
});

test('a symbolic link in place of the file receives no line, and the log reports it', async () => {
  const { file, during, answered, audited, gateway } = await startRotation();
  const target = join(file, '../../elsewhere.log');
  writeFileSync(target, '');
  await during(async () => {
    await eventually('traffic', () => answered.length > 20);
    renameSync(file, `${file}.1`);
    symlinkSync(target, file);
    await eventually('the link is refused', () =>
      gateway.log().some((line) => line['code'] === 'ELOOP' && line['file'] === file),
    );
    rmSync(file);
    await eventually('a new file', () => existsSync(file));
  });
  expect(readFileSync(target, 'utf8')).toBe('');
  await eventually('every event is in one of the files', () => {
    const written = new Set(audited());
    return answered.every((id) => written.has(id));
  });
});
