import { counted } from '../../../../util/text/counted.ts';
import type { Readiness } from '../../../readiness.ts';
import type { CertificateReport, StatusReport } from '../../../status-report.ts';

/** Something that does not work as configured, and its effect. */
export interface Degradation {
  /** `bad`: requests are refused. */
  readonly kind: 'bad' | 'warning';
  readonly component: string;
  readonly detail: string;
  readonly effect: string;
}

export function degradationsOf({ checks }: Readiness, status: StatusReport): readonly Degradation[] {
  return [
    ...checks.flatMap(checkDegradation),
    ...reloadDegradations(status.reload),
    ...candidateDegradations(status.candidate),
    ...certificateDegradations(status.certificates),
  ].toSorted((a, b) => a.kind.localeCompare(b.kind));
}

/** The detail of a failed check contains its effect. */
function checkDegradation({ name, ok, detail }: Readiness['checks'][number]): Degradation[] {
  if (ok && detail === undefined) return [];
  return [
    {
      kind: ok ? 'warning' : 'bad',
      component: name,
      detail: detail ?? 'not ready',
      effect: ok ? 'Requests are served.' : '',
    },
  ];
}

function reloadDegradations({ ok, restartNeeded, delegated }: StatusReport['reload']): Degradation[] {
  const degradations: Degradation[] = [];
  if (!ok) {
    degradations.push({
      kind: 'warning',
      component: 'configuration',
      detail: 'the last reload failed; the log contains its problems',
      effect: 'The last valid configuration stays active.',
    });
  }
  if (restartNeeded.length > 0) {
    degradations.push({
      kind: 'warning',
      component: 'configuration',
      detail: `changed keys: ${restartNeeded.join(', ')}`,
      effect: 'These keys take effect after a restart.',
    });
  }
  for (const { file, state, problems } of delegated) {
    degradations.push({
      kind: 'warning',
      component: `delegated file ${file}`,
      detail: problems.join('; ') || counted(problems.length, 'problem'),
      effect:
        state === 'previous'
          ? 'Its last valid version stays active.'
          : 'Its identities and roles are left out.',
    });
  }
  return degradations;
}

function candidateDegradations(candidate: StatusReport['candidate']): Degradation[] {
  if (candidate === undefined || candidate.ok) return [];
  return [
    {
      kind: 'warning',
      component: 'candidate',
      detail: candidate.problems.join('; ') || 'the candidate is invalid',
      effect:
        candidate.config === null
          ? 'No candidate is evaluated. Responses are not affected.'
          : `The last valid candidate (${candidate.config}) is evaluated. Responses are not affected.`,
    },
  ];
}

function certificateDegradations(certificates: readonly CertificateReport[]): Degradation[] {
  return certificates
    .filter(({ daysLeft }) => daysLeft <= NOTICE_DAYS)
    .map(({ role, key, daysLeft }) => ({
      kind: daysLeft < 0 ? 'bad' : 'warning',
      component: `certificate ${key}`,
      detail: daysLeft < 0 ? 'has expired' : `expires in ${counted(daysLeft, 'day')}`,
      effect: CERTIFICATE_EFFECTS[role] ?? 'Connections that use it fail after its expiry.',
    }));
}

export const NOTICE_DAYS = 30;

const CERTIFICATE_EFFECTS: Readonly<Record<string, string>> = {
  listener: 'Clients refuse the connection to the gateway after its expiry.',
  client: 'The upstream refuses the connection of the gateway after its expiry.',
  ca: 'Certificates that it has signed are not accepted after its expiry.',
  upstream: 'Requests to the upstream are answered with 502 after its expiry.',
};
