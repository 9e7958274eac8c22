/** A candidate policy is evaluated after each response, and cannot influence one. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type * as CandidatePolicyModule from '../../src/app/candidate/candidate-policy.ts';
import { eventually } from '../support/eventually.ts';
import { startIssuer } from '../support/issuer.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { useScenario } from '../support/scenario.ts';

/** Makes the evaluation of the candidate throw. */
const fault = vi.hoisted(() => ({ active: false }));

vi.mock('../../src/app/candidate/candidate-policy.ts', async (original) => {
  const { createCandidatePolicy } = await original<typeof CandidatePolicyModule>();
  return {
    createCandidatePolicy(...parameters: Parameters<typeof createCandidatePolicy>) {
      const policy = createCandidatePolicy(...parameters);
      const failing = (): never => {
        throw new Error('the candidate is broken');
      };
      return {
        known: (request: never) => (fault.active ? failing() : policy.known(request)),
        evaluate: (request: never) => (fault.active ? failing() : policy.evaluate(request)),
      };
    },
  };
});

const scenario = useScenario({
  backends: { issuer: () => startIssuer(), upstream: () => startRecordingUpstream() },
  token: ({ issuer }) => issuer.mint({ project_id: '20', ref: 'main', project_path: 'acme/payments' }),
  config: ({ issuer, upstream }) => `
candidate: { config: candidate.yaml }
issuers:
  gitlab: { type: gitlab, issuer: "${issuer.url}" }
identities:
  payments:
    issuer: gitlab
    match: { project_id: "20", ref: main, ref_type: branch }
    grants: [{ service: orders, scopes: [read_api], resources: [/acme/**] }]
services:
  orders: { type: http, path: /orders/, upstream: { url: "${upstream.url}/" } }
  trial: { type: http, path: /trial/, mode: shadow, upstream: { url: "${upstream.url}/" } }
`,
});

const file = (name: string): string => join(scenario.gateway.folder, name);

/** Replaces the candidate by an edit of the active configuration, and loads it as SIGHUP does. */
async function candidate(edit: (yaml: string) => string): Promise<void> {
  const active = readFileSync(file('gatehouse.yaml'), 'utf8').replace(/^candidate: .*\n/m, '');
  writeFileSync(file('candidate.yaml'), edit(active));
  expect(await scenario.gateway.reload((yaml) => yaml)).toBe(true);
}

const same = (yaml: string): string => yaml;

interface Status {
  readonly candidate?: {
    readonly ok: boolean;
    readonly config: string | null;
    readonly problems: readonly string[];
  };
}

async function status(): Promise<Status['candidate']> {
  const answer = await fetch(`${scenario.gateway.adminUrl}/status`);
  return ((await answer.json()) as Status).candidate;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${scenario.gateway.adminUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** The audit field of a request. */
async function difference(line: string, headers: readonly string[] = []): Promise<unknown> {
  const event = await scenario.audited(await scenario.respond(line, headers));
  return event.gatehouse['candidate'];
}

beforeEach(() => {
  fault.active = false;
});

describe('differences', () => {
  test('the same policy: none', async () => {
    await candidate(same);
    expect(await difference('GET /orders/acme/x')).toBeUndefined();
    expect(await difference('POST /orders/acme/x')).toBeUndefined();
    expect(await difference('GET /trial/x')).toBeUndefined();
  });

  test.each([
    [
      'a removed grant',
      'GET /orders/acme/x',
      'resources: [/acme/**]',
      'resources: [/other/**]',
      'allow',
      'deny',
      'resource_not_granted',
    ],
    [
      'a new scope',
      'POST /orders/acme/x',
      'scopes: [read_api]',
      'scopes: [read_api, write_api]',
      'deny',
      'allow',
      'granted',
    ],
    ['enforce mode', 'GET /trial/x', 'mode: shadow', 'mode: enforce', 'shadow', 'deny', 'scope_not_granted'],
    [
      'another identity',
      'GET /orders/acme/x',
      'ref: main',
      'ref: dev',
      'allow',
      'deny',
      'no_matching_identity',
    ],
    [
      'other operations',
      'GET /orders/acme/x',
      'path: /orders/,',
      'path: /orders/, operations: [{ scope: admin, methods: [GET], paths: [/acme/**] }, { scope: read_api, methods: [GET] }],',
      'allow',
      'deny',
      'scope_not_granted',
    ],
    [
      'a removed service',
      'GET /trial/x',
      /^ {2}trial: .*\n/m,
      '',
      'shadow',
      'not_evaluated',
      'service_removed',
    ],
    [
      'another issuer',
      'GET /orders/acme/x',
      'type: gitlab, issuer: "http',
      'type: gitlab, audiences: [other], issuer: "http',
      'allow',
      'not_evaluated',
      'issuer_changed',
    ],
    [
      'another key set',
      'GET /orders/acme/x',
      'type: gitlab, issuer: "http',
      'type: gitlab, jwksUri: "https://keys.example.com/", issuer: "http',
      'allow',
      'not_evaluated',
      'issuer_changed',
    ],
  ] as const)(
    '%s: in the audit event and the metric',
    async (_name, line, from, to, before, after, reason) => {
      await candidate((yaml) => yaml.replace(from, to));
      expect(await status()).toMatchObject({ ok: true, problems: [] });
      const service = line.includes('trial') ? 'trial' : 'orders';
      const name = `gatehouse_candidate_differences_total{service="${service}",from="${before}",to="${after}"}`;
      const counted = await metric(name);
      const expected = { decision: after, reason };
      expect(await difference(line)).toEqual(expected);
      // The second result is a cached one.
      expect(await difference(line)).toEqual(expected);
      expect(await metric(name)).toBe(counted + 2);
    },
  );

  test('requests that policy did not decide are not compared', async () => {
    await candidate((yaml) => yaml.replace('ref: main', 'ref: dev'));
    expect(await difference('GET /orders')).toBeUndefined();
    expect(await difference('GET /nowhere/')).toBeUndefined();
  });
});

describe('reloads', () => {
  test('a changed candidate is loaded without a signal; an invalid one leaves the last valid one', async () => {
    await candidate((yaml) => yaml.replace('ref: main', 'ref: dev'));
    const valid = await status();
    writeFileSync(file('candidate.yaml'), 'version: 1\nidentities: [');
    await eventually('the invalid candidate in the status', async () => (await status())?.ok === false);
    expect(await status()).toMatchObject({
      config: valid?.config,
      problems: [expect.stringContaining('candidate.yaml:2:')],
    });
    expect(await metric('gatehouse_candidate_last_load_successful')).toBe(0);
    expect(await difference('GET /orders/acme/x')).toMatchObject({ reason: 'no_matching_identity' });
    const active = readFileSync(file('gatehouse.yaml'), 'utf8').replace(/^candidate: .*\n/m, '');
    writeFileSync(file('candidate.yaml'), active);
    await eventually('the valid candidate', async () => (await status())?.ok === true);
    expect(await metric('gatehouse_candidate_last_load_successful')).toBe(1);
    expect(await difference('GET /orders/acme/x')).toBeUndefined();
  });

  test('a reload of the configuration keeps the candidate, and compares with the new policy', async () => {
    await candidate((yaml) => yaml.replace('ref: main', 'ref: dev'));
    const { gateway } = scenario;
    expect(await gateway.reload((yaml) => yaml.replace('ref: main', 'ref: other'))).toBe(true);
    expect(await difference('GET /orders/acme/x')).toBeUndefined();
    expect(await gateway.reload((yaml) => yaml.replace('ref: other', 'ref: main'))).toBe(true);
    expect(await difference('GET /orders/acme/x')).toMatchObject({ decision: 'deny' });
    const without = (yaml: string): string => yaml.replace('candidate: {', '#candidate: {');
    expect(await gateway.reload(without)).toBe(true);
    expect(await status()).toBeUndefined();
    expect(await difference('GET /orders/acme/x')).toBeUndefined();
    expect(await gateway.reload((yaml) => yaml.replace('#candidate: {', 'candidate: {'))).toBe(true);
    expect(await difference('GET /orders/acme/x')).toMatchObject({ decision: 'deny' });
  });
});

/** The response without the values that differ in each response. */
function bytes({ status: code, head, body }: RawResponse): unknown {
  return {
    code,
    head: head.replaceAll(/^(?:date|x-request-id): .*$/gim, ''),
    body: body.replaceAll(/"request_id":"[^"]+"/g, ''),
  };
}

describe('no influence on responses', () => {
  const REQUESTS = [
    'GET /orders/acme/x',
    'POST /orders/acme/x',
    'GET /orders/other',
    'GET /orders',
    'GET /trial/x',
    'GET /nowhere/',
  ];
  const responses = async (): Promise<unknown> => {
    const all: unknown[] = [];
    for (const line of REQUESTS) {
      const response = await scenario.respond(line);
      await scenario.audited(response);
      all.push(bytes(response));
    }
    return all;
  };

  test('a candidate that denies everything, throws, is invalid or missing: identical responses', async () => {
    const { gateway } = scenario;
    expect(await gateway.reload((yaml) => yaml.replace('candidate: {', '#candidate: {'))).toBe(true);
    const without = await responses();
    expect(await gateway.reload((yaml) => yaml.replace('#candidate: {', 'candidate: {'))).toBe(true);

    await candidate(same);
    expect(await responses()).toEqual(without);
    await candidate((yaml) =>
      yaml.replace('project_id: "20"', 'project_id: "1"').replace('shadow', 'enforce'),
    );
    expect(await responses()).toEqual(without);
    expect(await difference('GET /orders/acme/x')).toMatchObject({ decision: 'deny' });

    fault.active = true;
    const skipped = await metric('gatehouse_candidate_skipped_total');
    expect(await responses()).toEqual(without);
    expect(await metric('gatehouse_candidate_skipped_total')).toBeGreaterThan(skipped);
    fault.active = false;

    await candidate(() => 'no: configuration');
    expect(await status()).toMatchObject({ ok: false });
    expect(await responses()).toEqual(without);
    expect(await gateway.reload((yaml) => yaml.replace('candidate.yaml', 'missing.yaml'))).toBe(true);
    expect(await status()).toMatchObject({ ok: false, config: null });
    expect(await responses()).toEqual(without);
    expect(await gateway.reload((yaml) => yaml.replace('missing.yaml', 'candidate.yaml'))).toBe(true);
  });
});
