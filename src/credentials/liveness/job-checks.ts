import { LRUCache } from 'lru-cache';
import type { VerifiedCredential } from '../../core/credentials/credential.ts';
import { deny, type Deny, type Refusal } from '../../core/decision.ts';
import type { VerificationMeter } from '../../core/operation/meter.ts';
import { SingleFlight } from '../../util/async/single-flight.ts';
import { MAX_FLIGHTS } from '../authentication.ts';
import { MAX_ENTRIES } from '../verification-cache.ts';
import { createLivenessApi, type ApiPorts, type ApiSettings } from './api-client.ts';
import type { Job, LivenessSource, Probe, ProbeResult } from './question.ts';

export interface JobCheckSettings extends ApiSettings {
  /** Milliseconds for which a running job is cached. */
  readonly cache: number;
}

/** The jobs of one issuer. */
export interface JobChecks {
  /** Undefined: the job runs. `token`: as in `RefuseEnded`. */
  check(credential: VerifiedCredential, token: string): Refusal | undefined | Promise<Refusal | undefined>;
  /** Finds out whether the gateway can ask about jobs. */
  probe(): Promise<ProbeResult>;
}

/** Milliseconds. Clients repeat refused requests. */
const ENDED_LIFETIME = 10_000;
const FAILURE_LIFETIME = 5_000;

interface Result {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly lifetime: number;
  readonly refusal: Refusal | undefined;
}

export function createJobChecks(
  settings: JobCheckSettings,
  source: LivenessSource,
  ports: ApiPorts & { readonly meter: Pick<VerificationMeter, 'jobChecked'> },
): JobChecks {
  const { name, cache } = settings;
  const { clock, meter } = ports;
  const api = createLivenessApi(settings, source, ports);
  const jobs = new WeakMap<VerifiedCredential, Job | Deny>();
  const results = new LRUCache<string, Result>({ max: MAX_ENTRIES });
  const flights = new SingleFlight<Refusal | undefined>(MAX_FLIGHTS);

  function jobOf(credential: VerifiedCredential): Job | Deny {
    const known = jobs.get(credential);
    if (known !== undefined) return known;
    const job = source.readJob(credential);
    jobs.set(credential, job);
    return job;
  }

  async function ask(job: Job, token: string): Promise<Refusal | undefined> {
    for (const question of job.questions(token)) {
      const answer = await api.ask(question, job.holder);
      switch (answer.kind) {
        case 'running':
          continue;
        case 'unable':
          return answer;
        case 'ended':
          return { ...deny('job_not_running', answer.detail), message: ENDED };
        default:
          return answer satisfies never;
      }
    }
    return undefined;
  }

  async function decide(job: Job, token: string): Promise<Refusal | undefined> {
    const refusal = await ask(job, token);
    const { outcome, lifetime } = keptFor(refusal, cache);
    meter.jobChecked(name, outcome);
    results.set(job.key, { at: clock.now(), lifetime, refusal });
    return refusal;
  }

  return {
    check(credential, token) {
      const job = jobOf(credential);
      if (job.kind === 'deny') return job;
      const known = results.get(job.key);
      if (known !== undefined && isFresh(known, clock.now())) return known.refusal;
      return flights.run(job.key, () => decide(job, token));
    },
    async probe() {
      const found = await Promise.all(source.probes.map((probe: Probe) => api.probe(probe)));
      const problems = found.filter(({ ok }) => !ok);
      const reported = problems.length === 0 ? found : problems;
      const warning = found.flatMap((each) => each.warning ?? []).join('; ');
      return {
        ok: problems.length === 0,
        detail: reported.map(({ detail }) => detail).join('; '),
        ...(warning === '' ? {} : { warning }),
      };
    },
  };
}

const ENDED =
  'The job or pod that this token was issued to is no longer running. Use the token of a running job.';

function keptFor(
  refusal: Refusal | undefined,
  cache: number,
): { readonly outcome: 'running' | 'ended' | 'unable'; readonly lifetime: number } {
  if (refusal === undefined) return { outcome: 'running', lifetime: cache };
  return refusal.kind === 'deny'
    ? { outcome: 'ended', lifetime: ENDED_LIFETIME }
    : { outcome: 'unable', lifetime: FAILURE_LIFETIME };
}

/** A negative age means that the clock was set back; the result must not stay valid for that long. */
function isFresh({ at, lifetime }: Result, now: number): boolean {
  const age = now - at;
  return age >= 0 && age < lifetime;
}
