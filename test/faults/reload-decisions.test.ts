/** Values that are cached with a credential or a decision end with their policy: a reload never leaves one behind. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { cleanUp } from '../support/clean-up.ts';
import { seededRandom } from '../support/fuzz/seeded-random.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startIssuer } from '../support/issuer.ts';
import { closingRequest, rawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { faultCase, scaled } from './support/fault-case.ts';
import { randomPolicy } from './support/random-policy.ts';

const keep = cleanUp();
const SEED = 1;
const POLICIES = 6;
const RELOADS = scaled(12, 300);

interface Probe {
  readonly line: string;
  readonly token: string | undefined;
}

/** The response, with the identity headers that the upstream received, and the decision in the audit event. */
async function outcomeOf(gateway: TestGateway, { line, token }: Probe): Promise<string> {
  const credential = token === undefined ? [] : [`Authorization: Bearer ${token}`];
  const length = line.startsWith('POST') ? ['Content-Length: 0'] : [];
  const request = closingRequest(line, [...credential, ...length], '');
  const { status, body, headers } = await rawResponse(gateway.port, request, { quiet: 20_000 });
  const id = headers.get('x-request-id') ?? '';
  const { gatehouse, user, event } = await gateway.audited(id);
  const decided = { ...gatehouse, upstream_duration_ms: undefined };
  return JSON.stringify([status, body.replaceAll(id, ''), decided, user, event.reason]);
}

faultCase('decisions across reloads', scaled(60, 600), async (report) => {
  const random = seededRandom(SEED);
  const issuer = keep(await startIssuer());
  const upstream = keep(
    await startRecordingUpstream((socket, { head }) => {
      const identity = head.split('\r\n').filter((field) => /^x-(?:auth|who)/i.test(field));
      const body = identity.toSorted().join('|');
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    }),
  );
  const servers = { issuer: issuer.url, upstream: upstream.url };
  const policies = Array.from({ length: POLICIES }, () => randomPolicy(random, servers));
  /** The candidate of each policy is the next one. */
  const candidateOf = (index: number): string =>
    `version: 1\nserver: { publicUrl: "https://gateway.example.com" }\nstate: { sqlite: { file: other.db } }\n${policies[(index + 1) % POLICIES]}`;
  const start = async (index: number): Promise<TestGateway> =>
    keep(
      await startGateway(`candidate: { config: candidate.yaml }\n${policies[index]}`, {
        files: { 'candidate.yaml': candidateOf(index) },
        server: { limits: 'authFailures: { perAddress: 1000000 }' },
      }),
    );
  const claims = ['20', '21', '22'].flatMap((project_id) =>
    ['main', 'dev'].map((ref) => ({ project_id, ref })),
  );
  const tokens = claims.map((each) => issuer.mint({ ...each, project_path: `acme/p${each.project_id}` }));
  const probes: readonly Probe[] = [...tokens, undefined].flatMap((token) =>
    ['/a/acme/p20/1', '/b/acme/p21/2', '/a/x/1', '/b/open/1'].flatMap((path) =>
      ['GET', 'POST'].map((method) => ({ line: `${method} ${path}`, token })),
    ),
  );

  const expected = await Promise.all(
    policies.map(async (_, index) => {
      const fresh = await start(index);
      return Promise.all(probes.map((probe) => outcomeOf(fresh, probe)));
    }),
  );
  const reloaded = await start(0);
  const problems: string[] = [];
  for (let reload = 0; reload < RELOADS; reload++) {
    const next = random.below(POLICIES);
    writeFileSync(join(reloaded.folder, 'candidate.yaml'), candidateOf(next));
    // Requests during the reload fill the caches of both policies.
    const during = probes.filter(() => random.chance(0.3)).map((probe) => outcomeOf(reloaded, probe));
    const active = await reloaded.reload(
      (yaml) =>
        yaml.slice(0, yaml.indexOf('candidate:')) +
        `candidate: { config: candidate.yaml }\n${policies[next]}`,
    );
    expect(active).toBe(true);
    await Promise.all(during);
    const outcomes = await Promise.all(probes.map((probe) => outcomeOf(reloaded, probe)));
    outcomes.forEach((outcome, index) => {
      if (outcome !== expected[next]?.[index])
        problems.push(`reload ${reload}, ${probes[index]?.line}: ${outcome}, not ${expected[next]?.[index]}`);
    });
  }
  report({
    seed: SEED,
    reloads: RELOADS,
    'different outcomes': new Set(expected.flat()).size,
    problems: problems.length,
  });
  expect(problems).toEqual([]);
});
