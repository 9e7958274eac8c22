import { printable } from '../../config/index.ts';
import { formatTable } from '../access/access-tables.ts';
import type { DiffReport, LocatedDifference } from './diff-report.ts';

/** The report for a terminal. */
export function formatDiffText({ gains, losses, changes }: DiffReport): string {
  if (gains.length + losses.length + changes.length === 0) return 'no differences\n';
  return [
    section('gains', gains),
    section('losses', losses),
    ...(changes.length === 0
      ? []
      : [
          `changes (${changes.length})\n${formatTable(
            changes.map(({ setting, change, detail }) => [`  ${setting}`, change, detail]),
          )}`,
        ]),
  ].join('\n');
}

function section(title: string, differences: readonly LocatedDifference[]): string {
  const blocks = differences.map((each) => {
    const { certainty, identity, service, scope, resource, source } = each;
    const cells = [certainty, identity, each.class, service, scope, resource, source].map(printable);
    const example = each.witness === undefined ? [] : [`example: ${describeWitness(each.witness)}`];
    const more = [each.reason ?? '', ...example].map((text) => `      ${printable(text)}\n`);
    return `  ${cells.join('  ')}\n${more.join('')}`;
  });
  return `${title} (${differences.length})\n${blocks.join('')}`;
}

/** The request of a witness in one line. */
export function describeWitness({
  credential,
  operation,
  on,
}: NonNullable<LocatedDifference['witness']>): string {
  const { scope, resource, extent } = operation;
  const target = extent === 'one' ? resource : extent === 'any' ? 'any resource' : 'every resource';
  const request = `${scope} on ${target}`;
  const day = on === undefined ? '' : `, on ${on} or later`;
  if (credential === undefined) return `${request} without a credential${day}`;
  if ('deployToken' in credential) return `${request} with deploy token ${credential.deployToken}${day}`;
  const { class: kind, claims, audience, requestedIdentity } = credential;
  const named = requestedIdentity === undefined ? '' : `, exchanged for identity ${requestedIdentity}`;
  const aud = audience === undefined ? '' : ` with aud ${audience}`;
  return `${request} with ${kind === 'id_token' ? 'an' : 'a'} ${kind} of ${credential.issuer}${aud} and ${JSON.stringify(claims)}${named}${day}`;
}
