import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createCandidateEvaluation } from '../../../src/app/candidate/candidate.ts';
import type { CandidateDifference, EndedRequest } from '../../../src/core/candidate.ts';
import { deny } from '../../../src/core/decision.ts';

const head = { method: 'GET' } as EndedRequest['head'];

function request(): EndedRequest {
  return {
    service: 'orders',
    head,
    classification: { kind: 'operations', operations: [] },
    verified: undefined,
    decision: deny('scope_not_granted', ''),
    candidate: undefined,
  };
}

function evaluation(evaluate: () => CandidateDifference) {
  const counts = { skipped: 0, differences: 0, logged: 0 };
  const log = { info: () => undefined, warn: () => undefined, error: () => void counts.logged++ };
  const meter = {
    differs: () => void counts.differences++,
    skipped: () => void counts.skipped++,
    loaded: () => undefined,
  };
  const policy = { known: () => undefined, evaluate };
  return { ...createCandidateEvaluation(() => policy, { meter, log }), counts };
}

test('beyond the queue, requests are recorded at once without an evaluation, and counted', async () => {
  const { ended, counts } = evaluation(() => ({ outcome: 'allow', reason: 'granted' }));
  const requests = Array.from({ length: 1_500 }, request);
  let recorded = 0;
  for (const each of requests) ended(each, () => void recorded++);
  expect({ recorded, skipped: counts.skipped }).toEqual({ recorded: 500, skipped: 500 });
  while (recorded < requests.length) await setImmediate();
  expect(counts).toMatchObject({ differences: 1_000, skipped: 500 });
  expect(requests.filter(({ candidate }) => candidate !== undefined)).toHaveLength(1_000);
});

test('an evaluation that throws: recorded once, logged once', async () => {
  const { ended, counts } = evaluation(() => {
    throw new TypeError('fault');
  });
  let recorded = 0;
  for (const each of [request(), request()]) ended(each, () => void recorded++);
  while (recorded < 2) await setImmediate();
  await setImmediate();
  expect({ recorded, ...counts }).toEqual({ recorded: 2, skipped: 2, differences: 0, logged: 1 });
});

test('a request that ends while another is recorded is evaluated too', async () => {
  const { ended, counts } = evaluation(() => ({ outcome: 'allow', reason: 'granted' }));
  let recorded = 0;
  ended(request(), () => {
    recorded++;
    ended(request(), () => void recorded++);
  });
  while (recorded < 2) await setImmediate();
  expect(counts.differences).toBe(2);
});
