import type { Registry } from 'prom-client';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import { CounterGrid, exposeCounters } from './counter-grid.ts';
import { exposeHistograms, HistogramGrid } from './histogram-grid.ts';
import { CREDENTIAL, credentialPlace, type Names } from './names.ts';

const VERIFICATION = { name: 'outcome', values: ['verified', 'denied', 'unable'] } as const;
const JOB = { name: 'outcome', values: ['running', 'ended', 'unable'] } as const;
const FETCH = { name: 'outcome', values: ['success', 'failure'] } as const;

export function createVerificationMeter(registry: Registry, issuers: Names): VerificationMeter {
  const hits = new CounterGrid(CREDENTIAL);
  const misses = new CounterGrid(CREDENTIAL);
  const fetches = new CounterGrid(issuers, FETCH);
  const jobs = new CounterGrid(issuers, JOB);
  const durations = new HistogramGrid(issuers, CREDENTIAL, VERIFICATION);

  exposeCounters(
    registry,
    {
      name: 'gatehouse_verification_cache_hits_total',
      help: 'Credentials found in the verification cache.',
      labelNames: ['credential'],
    },
    hits,
  );
  exposeCounters(
    registry,
    {
      name: 'gatehouse_verification_cache_misses_total',
      help: 'Credentials not found in the verification cache.',
      labelNames: ['credential'],
    },
    misses,
  );
  exposeCounters(
    registry,
    {
      name: 'gatehouse_jwks_fetches_total',
      help: 'Key set fetches.',
      labelNames: ['issuer', 'outcome'],
    },
    fetches,
  );
  exposeCounters(
    registry,
    {
      name: 'gatehouse_liveness_checks_total',
      help: 'Checks of issuers whether the job or pod of a token runs; cached results are not counted.',
      labelNames: ['issuer', 'outcome'],
    },
    jobs,
  );
  exposeHistograms(
    registry,
    {
      name: 'gatehouse_verification_duration_seconds',
      help: 'Duration of verifications outside the cache, including calls to issuers.',
      labelNames: ['credential', 'issuer', 'outcome'],
    },
    durations,
  );

  return {
    cacheHit: (credential) => hits.count(credentialPlace(credential)),
    cacheMiss: (credential) => misses.count(credentialPlace(credential)),
    verified(credential, issuer, outcome, seconds) {
      const result = VERIFICATION.values.indexOf(outcome);
      durations.observe(seconds, issuers.placeOf(issuer), credentialPlace(credential), result);
    },
    keySetFetched: (issuer, outcome) => fetches.count(issuers.placeOf(issuer), FETCH.values.indexOf(outcome)),
    jobChecked: (issuer, outcome) => jobs.count(issuers.placeOf(issuer), JOB.values.indexOf(outcome)),
  };
}
