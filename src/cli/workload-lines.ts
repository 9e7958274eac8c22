import type { Config } from '../config/index.ts';

/** What a name at the exchange stands for; of a shorthand, the identity that it defines. */
export interface WorkloadReport {
  readonly name: string;
  readonly identity: string;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly match?: Config['identities'][number]['match'];
  readonly roles?: readonly string[];
}

export function reportWorkloads({ workloadIdentities, identities }: Config): WorkloadReport[] {
  return workloadIdentities.map((workload) => {
    const defined = identities.find(({ name, onRequest }) => onRequest && name === workload.identity);
    return defined === undefined ? workload : { ...workload, match: defined.match, roles: defined.roles };
  });
}

/** As they would stand under `identities`, so that nobody has to guess what a shorthand means. */
export function workloadLines(reports: readonly WorkloadReport[]): string {
  return reports
    .map(({ name, identity, issuer, audiences, match, roles = [] }) => {
      const what =
        match === undefined
          ? `identity ${identity}`
          : `{ issuer: ${issuer}, match: ${JSON.stringify(match)}, roles: [${roles.join(', ')}] }`;
      return `workloadIdentities.${name}: means ${what}; takes tokens with aud ${audiences.join(' or ')}\n`;
    })
    .join('');
}
