import { afterEach } from 'vitest';
import type { Authentication, IssuerSettings, ServiceSettings } from '../../src/credentials/index.ts';
import {
  FrozenClock,
  authenticatorFor,
  issuerSettings,
  jobToken,
  jobTokenChecks,
  reasonOf,
  type Rig,
} from './authentication.ts';
import { startGitlab, type TestGitlab } from './gitlab.ts';
import { useStarted, useStartedPerTest } from './use-started.ts';

/** Milliseconds that the authenticator caches a job status. */
export const CACHE = 30_000;

export interface JobTokens {
  readonly clock: FrozenClock;
  readonly gitlab: TestGitlab;
  /** The authenticator of the current test. */
  readonly rig: Rig;
  /** Another authenticator of the same GitLab; the caller closes it. */
  rigFor(changes?: Partial<IssuerSettings>, services?: readonly ServiceSettings[]): Rig;
  authenticate(token: string, it?: Rig): Authentication | Promise<Authentication>;
  /** The reason code of the refusal, or `verified`. */
  reason(token: string, it?: Rig): Promise<string>;
}

/** A GitLab server for the tests of this file and an authenticator per test that verifies its job tokens. */
export function useJobTokens(): JobTokens {
  const clock = new FrozenClock();
  const gitlab = useStarted(() => startGitlab({ clock }));
  const rigFor: JobTokens['rigFor'] = (changes = {}, services) => {
    const settings = issuerSettings(gitlab, { jobTokens: jobTokenChecks(CACHE), ...changes });
    return authenticatorFor([settings], { clock, ...(services === undefined ? {} : { services }) });
  };
  const rig = useStartedPerTest(() => Promise.resolve(rigFor()));
  afterEach(() => {
    gitlab.faults.job = undefined;
  });
  const authenticate: JobTokens['authenticate'] = (token, it = rig) =>
    it.authenticator.forService('api')(jobToken(token));
  return {
    clock,
    gitlab,
    rig,
    rigFor,
    authenticate,
    reason: async (token, it) => reasonOf(await authenticate(token, it)),
  };
}
