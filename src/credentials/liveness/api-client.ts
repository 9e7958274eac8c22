import { readFile } from 'node:fs/promises';
import { unable, type Unable } from '../../core/decision.ts';
import { createOutageLog } from '../../core/operation/outage-log.ts';
import type { Clock, EgressBodyClient, EgressResult, Log } from '../../core/ports.ts';
import { rateLimitOf } from '../../core/rate-limit.ts';
import { parseJsonObject } from '../../util/json/object.ts';
import { FairQueue } from '../../util/limits/fair-queue.ts';
import { TokenBucket } from '../../util/limits/token-bucket.ts';
import type { Answer, LivenessSource, Members, Probe, ProbeResult, Question } from './question.ts';

export interface ApiSettings {
  /** Name of the issuer. */
  readonly name: string;
  readonly apiUrl: string;
  readonly tokenFile: string;
  readonly caFile: string | undefined;
  readonly limits: { readonly perSecond: number; readonly burst: number; readonly queue: number };
}

export interface ApiPorts {
  readonly egress: EgressBodyClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** The API of one issuer. Its requests are limited in number, size and time. */
export interface LivenessApi {
  /** `holder`: as in `Job`. Never rejects. */
  ask(question: Question, holder: string): Promise<Exclude<Answer, { kind: 'undecided' }> | Unable>;
  /** Outside the limits. Never rejects. */
  probe(probe: Probe): Promise<ProbeResult>;
}

/** Milliseconds. */
const DEADLINE = 5_000;
const MAX_WAIT = 10_000;
/** A pod or a job with many steps is some 10 KiB. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

export function createLivenessApi(
  settings: ApiSettings,
  source: LivenessSource,
  { egress, clock, log }: ApiPorts,
): LivenessApi {
  const { name, limits } = settings;
  const { system } = source;
  const outage = createOutageLog(
    { log, clock },
    { failed: 'jobs cannot be checked', recovered: 'jobs can be checked again' },
    { issuer: name },
  );
  const bucket = new TokenBucket(limits, () => clock.now());
  const queue = new FairQueue<true>();
  let refill: NodeJS.Timeout | undefined;
  let blockedUntil = Number.NEGATIVE_INFINITY;

  function refuse(problem: string, retryAfter?: number): Unable {
    return unable('issuer_unavailable', `liveness of issuer ${name}: ${problem}`, retryAfter);
  }

  function failed(problem: string, retryAfter?: number): Unable {
    outage.failed(problem);
    return refuse(problem, retryAfter);
  }

  function attempt(): true | undefined {
    if (bucket.take()) return true;
    refill ??= setTimeout(() => {
      refill = undefined;
      queue.serve();
    }, 1_000 / limits.perSecond).unref();
    return undefined;
  }

  /** Undefined: the request may be sent. */
  async function permit(holder: string): Promise<Unable | undefined> {
    const permitted =
      blocked() ?? (await queue.run(holder, attempt, { places: limits.queue, wait: MAX_WAIT }));
    if (permitted === 'full') return refuse('too many checks wait (liveness.limits)', 1);
    if (permitted === 'expired') return refuse(`the check waited ${MAX_WAIT} ms (liveness.limits)`, 1);
    return permitted === true ? blocked() : permitted;
  }

  function blocked(): Unable | undefined {
    const seconds = Math.ceil((blockedUntil - clock.now()) / 1000);
    return seconds > 0 ? refuse(`${system} limits the requests of the gateway`, seconds) : undefined;
  }

  function read(result: EgressResult, question: Question): Exclude<Answer, { kind: 'undecided' }> | Unable {
    if (result.kind !== 'response') return failed(`${system}: ${result.detail}`);
    const limit = rateLimitOf(result);
    if (limit !== undefined) {
      blockedUntil = clock.now() + limit * 1000;
      return failed(`${system} returned ${result.status}: too many requests`, limit);
    }
    const body = parseJsonObject(result.body);
    if (body.kind === 'invalid') {
      return failed(`${system} returned ${result.status} with a body that ${body.detail}`);
    }
    const answer = question.interpret(result.status, body.value);
    if (answer === undefined) return failed(`${system} returned an unexpected ${result.status}`);
    if (answer.kind === 'undecided') return failed(answer.detail);
    outage.recovered();
    return answer;
  }

  return {
    async ask(question, holder) {
      const refused = await permit(holder);
      if (refused !== undefined) return refused;
      const result = await send(settings, source, question, egress);
      return read(result, question);
    },
    async probe(probe) {
      const result = await send(settings, source, probe, egress);
      if (result.kind !== 'response') return { ok: false, detail: result.detail };
      const body = parseJsonObject(result.body);
      const members: Members = body.kind === 'object' ? body.value : {};
      const detail = `${system} returned an unexpected ${result.status}`;
      return probe.interpret(result.status, members) ?? { ok: false, detail };
    },
  };
}

/** Sends a request with the token of the file, which is read each time, because Kubernetes rotates projected tokens. */
async function send(
  { apiUrl, caFile, tokenFile }: ApiSettings,
  { headers }: LivenessSource,
  { path, json }: Pick<Question, 'path' | 'json'>,
  egress: EgressBodyClient,
): Promise<EgressResult> {
  const token = await readFile(tokenFile, 'latin1').then(
    (text) => text.trim(),
    () => '',
  );
  if (!/^[\x21-\x7e]+$/.test(token)) {
    return { kind: 'unreachable', detail: `${tokenFile} does not contain exactly one token` };
  }
  const request = {
    url: `${apiUrl.replace(/\/$/, '')}${path}`,
    headers: { ...headers, authorization: `Bearer ${token}` },
    caFile,
    deadline: DEADLINE,
    maxBytes: MAX_RESPONSE_BYTES,
    pool: 'liveness',
  } as const;
  return json === undefined ? egress.get(request) : egress.post({ ...request, json });
}
