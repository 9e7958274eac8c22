import type { Config } from '../../config/index.ts';

/** The definition of a workload identity; for a shorthand, with the identity that it expands to. */
export interface WorkloadReport {
  readonly name: string;
  readonly identity: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly match?: Config['identities'][number]['match'];
  readonly roles?: readonly string[];
}

export function reportWorkloads({ workloadIdentities, identities }: Config): WorkloadReport[] {
  const named = new Map(identities.filter(({ onRequest }) => onRequest).map((each) => [each.name, each]));
  return workloadIdentities.map((workload) => {
    const defined = named.get(workload.identity);
    return defined === undefined ? workload : { ...workload, match: defined.match, roles: defined.roles };
  });
}

/** Formats the reports in the syntax of `identities`, so that the expansion of a shorthand is visible. */
export function workloadLines(reports: readonly WorkloadReport[]): string {
  return reports
    .map(({ name, identity, issuer, audiences, match, roles = [] }) => {
      const definition =
        match === undefined
          ? `identity ${identity}`
          : `{ issuer: ${issuer}, match: ${JSON.stringify(match)}, roles: [${roles.join(', ')}] }`;
      return `workloadIdentities.${name}: ${definition}; accepts tokens with aud ${audiences.join(' or ')}\n`;
    })
    .join('');
}
