/** Nanoseconds that a candidate policy adds to a request: `npm run bench:candidate`. */
import { createCandidateEvaluation } from '../../src/app/candidate/candidate.ts';
import { createCandidatePolicy } from '../../src/app/candidate/candidate-policy.ts';
import { loadConfig } from '../../src/config/index.ts';
import type { EndedRequest } from '../../src/core/candidate.ts';
import type { VerifiedCredential } from '../../src/core/credentials/credential.ts';
import { createAuthorizer } from '../../src/policy/index.ts';

const CONFIG = new URL('../../config/minimal.yaml', import.meta.url).pathname;
const ROUNDS = 2_000_000;
const COLD_ROUNDS = 50_000;

const loaded = loadConfig(CONFIG, {});
if (loaded.kind === 'invalid') throw new TypeError('config/minimal.yaml is invalid');
const { config } = loaded;
const [service] = config.services;
const [identity] = config.identities;
if (service === undefined || identity === undefined) throw new TypeError('the example has no service');

function credential(): VerifiedCredential {
  const claims = { project_id: '20', project_path: 'acme/payments', ref: 'main', ref_type: 'branch' };
  return {
    class: 'id_token',
    issuer: identity?.issuer ?? '',
    issuerUrl: '',
    subject: '',
    jti: undefined,
    tokenHash: '',
    expiresAt: Infinity,
    claims,
  };
}

function request(verified: VerifiedCredential): EndedRequest {
  const operations = [{ scope: 'read_api', resource: '/v1/list', extent: 'one' as const }];
  return {
    service: service?.name,
    head: { method: 'GET' } as EndedRequest['head'],
    classification: { kind: 'operations', operations },
    verified,
    decision: { kind: 'allow', basis: 'grant', caller: undefined, relaxed: undefined },
    candidate: undefined,
  };
}

const policy = createCandidatePolicy(config, config, createAuthorizer(config));
const meter = { differs: () => undefined, skipped: () => undefined, loaded: () => undefined };
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const evaluation = createCandidateEvaluation(() => policy, { meter, log });

/** CPU nanoseconds per round, the best of five. */
function measure(rounds: number, action: () => void): number {
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const began = process.cpuUsage();
    for (let round = 0; round < rounds; round++) action();
    const { user, system } = process.cpuUsage(began);
    best = Math.min(best, ((user + system) * 1_000) / rounds);
  }
  return Math.round(best);
}

const cached = request(credential());
policy.evaluate(cached);
const record = (): void => undefined;
process.stdout.write(`cached result: ${measure(ROUNDS, () => evaluation.ended(cached, record))} ns\n`);
process.stdout.write(
  `first request of a credential: ${measure(COLD_ROUNDS, () => void policy.evaluate(request(credential())))} ns\n`,
);
