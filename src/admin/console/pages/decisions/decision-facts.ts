import { html } from 'hono/html';
import { DEPLOY_TOKENS } from '../../../../core/credentials/deploy-token.ts';
import type { DecisionRecord } from '../../../../core/records/decision-record.ts';
import { REASONS } from '../../../../core/reasons.ts';
import type { Html } from '../../console-page.ts';
import { dateAndTime, durationText } from '../../view/time.ts';
import { bytesText, clientText } from '../texts.ts';
import { credentialState, type ShownCredential } from './credential-state.ts';
import { reasonText } from './decision-rows.ts';

/** Hex digits of a hash, as in the audit log. */
const HASH_PREFIX = 16;

type Fact = readonly [name: string, value: Html | string | number | undefined];

/** Of a record without the class of its credential. */
const NOT_PRESENTED: Readonly<Record<ShownCredential, string>> = {
  verified: 'verified',
  refused: 'not accepted',
  unread: 'not read',
  none: 'none',
};

/** The facts of the audit event. */
export function decisionFacts(record: DecisionRecord): Html {
  const facts: readonly Fact[] = [
    ['Request id', html`<code>${clientText(record.requestId)}</code>`],
    ['Time', dateAndTime(record.startedAt)],
    ['Reason', reasonOf(record)],
    ['Detail', record.detail === undefined ? undefined : clientText(record.detail)],
    ...callerFacts(record),
    ...routeFacts(record),
    ['Status', record.status === 0 ? 'none: the client left before the response' : record.status],
    ['Duration', timing(record)],
    ['Upstream status', record.upstreamStatus],
    ['Bodies', `${bytesText(record.bytesIn)} received, ${bytesText(record.bytesOut)} sent`],
    ['Aborted', record.aborted ? 'yes: the response was not complete' : undefined],
    ['Candidate policy', record.candidate && `${record.candidate.outcome}: ${record.candidate.reason}`],
    ['Client', clientText(record.clientAddress)],
    ['User agent', record.userAgent === undefined ? undefined : clientText(record.userAgent)],
    ['Configuration', html`<code>${record.config}</code>`],
  ];
  const known = facts.filter(([, value]) => value !== undefined);
  return html`<dl class="facts panel">
    ${known.map(
      ([name, value]) =>
        html`<dt>${name}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>`;
}

function reasonOf(record: DecisionRecord): Html {
  const reason = reasonText(record);
  const message = reason in REASONS ? REASONS[reason as keyof typeof REASONS].message : undefined;
  return html`<code>${reason}</code
    >${message === undefined ? '' : html`<br /><span class="soft">${message}</span>`}`;
}

function callerFacts(record: DecisionRecord): readonly Fact[] {
  const { caller, verified, presented } = record;
  const credential = verified ?? caller?.credential;
  const roles = caller?.roles ?? [];
  return [
    ['Identity', caller?.identity],
    ['Roles', roles.length === 0 ? undefined : roles.join(', ')],
    [
      'Credential',
      presented === undefined
        ? NOT_PRESENTED[credentialState(record)]
        : `${presented.class}, from ${presented.credentialSource}`,
    ],
    ['Issuer', credential && (credential.issuer === DEPLOY_TOKENS ? 'the configuration' : credential.issuer)],
    ['Subject', credential && clientText(credential.subject)],
    [
      'Token id',
      credential?.jti === undefined ? undefined : html`<code>${clientText(credential.jti)}</code>`,
    ],
    [
      'Token SHA-256',
      credential === undefined || credential.tokenHash === ''
        ? undefined
        : html`<code>${credential.tokenHash.slice(0, HASH_PREFIX)}…</code>`,
    ],
  ];
}

function routeFacts({ service, serviceType, operations }: DecisionRecord): readonly Fact[] {
  return [
    ['Service', service === undefined ? 'none matches' : `${service} (${serviceType ?? ''})`],
    [
      'Operations',
      operations.length === 0
        ? undefined
        : html`${operations.map(
            ({ scope, resource, extent }) =>
              html`<div>
                <code>${scope}</code>
                ${extent === 'one' ? html`on <code>${clientText(resource)}</code>` : `on ${extent === 'any' ? 'any' : 'all'} resources`}
              </div>`,
          )}`,
    ],
  ];
}

/** The share of the upstream as a bar; its text has the same content. */
function timing({ duration, upstreamDuration }: DecisionRecord): Html {
  if (upstreamDuration === undefined) return html`${durationText(duration)}, without an upstream request`;
  const share = duration === 0 ? 0 : Math.min(1, upstreamDuration / duration);
  return html`${durationText(duration)}, of which the upstream ${durationText(upstreamDuration)}
    <svg class="timing" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="all" width="100" height="4" />
      <rect class="upstream" width="${(share * 100).toFixed(1)}" height="4" />
    </svg>`;
}
