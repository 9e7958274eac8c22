import type { AuditEvent } from '../../core/records/audit-event.ts';
import {
  CREDENTIAL_SOURCES,
  type CredentialSource,
  type VerifiedCredential,
} from '../../core/credentials/credential.ts';
import type { Caller, Deny, NearestIdentity } from '../../core/decision.ts';
import { Derived } from '../../core/derived.ts';
import type { IssuerType } from '../../core/issuers/issuer-presets.ts';
import { jsonText } from '../../util/json/text.ts';
import { loggedText } from '../logged-text.ts';
import { nearestText, type AuditedClaims } from './claims-text.ts';
import { credentialText, type CredentialText } from './credential-text.ts';
import { LIMITS } from './limits.ts';
import { actionText, operationsText } from './operations-text.ts';
import { traceId } from './trace-id.ts';
import { describeDecision } from './verdict.ts';

const NO_CALLER: CredentialText = { top: '', inner: '' };

/**
 * One event as one line of ECS-shaped JSON; docs/reference/audit.md lists the fields. Concatenated by hand, because
 * this runs for every request, of as few parts as possible: each costs 15 ns when the line is written. The fields of a
 * credential are built once and cached with the caller, or with a credential that matches no identity.
 */
export function createEventLine(
  issuerTypes: ReadonlyMap<string, IssuerType>,
  audited: AuditedClaims | undefined,
): (event: AuditEvent) => string {
  let texts = createTexts();
  let names = audited?.names;
  const nearest = new WeakMap<NearestIdentity, string>();
  const serviceText = createServiceText();

  function textOf(event: AuditEvent): CredentialText {
    const caller = callerOf(event);
    const credential = event.verified ?? caller?.credential;
    if (credential === undefined) return NO_CALLER;
    // Another policy evaluates other claims of the same cached credential.
    if (audited?.names !== names) {
      names = audited?.names;
      texts = createTexts();
    }
    const known = caller === undefined ? texts.unmatched.get(credential) : texts.matched.get(caller);
    if (known !== undefined) return known;
    const text = credentialText(credential, caller, issuerTypes.get(credential.issuer), names);
    if (caller === undefined) texts.unmatched.set(credential, text);
    else texts.matched.set(caller, text);
    return text;
  }

  function nearestOf({ decision }: AuditEvent): string {
    const found = decision?.kind === 'allow' ? decision.relaxed?.nearest : nearestIn(decision);
    if (found === undefined) return '';
    let text = nearest.get(found);
    if (text === undefined) {
      text = nearestText(found, audited !== undefined);
      nearest.set(found, text);
    }
    return text;
  }

  return (event) => {
    const who = textOf(event);
    return (
      timestamp(event.startedAt) +
      eventText(event) +
      requestText(event) +
      `,"client":{"address":${loggedText(LIMITS.address, event.clientAddress)}}` +
      userAgentText(event.userAgent) +
      who.top +
      traceText(event.traceparent) +
      gatehouseText(event, serviceText(event.service, event.serviceType), who, nearestOf(event)) +
      '}}\n'
    );
  };
}

function createTexts() {
  return {
    matched: new Derived<Caller, CredentialText>(),
    unmatched: new WeakMap<VerifiedCredential, CredentialText>(),
  };
}

/** Cached, because many requests start within one millisecond. */
function timestamp(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastTimestamp = `{"@timestamp":"${new Date(ms).toISOString()}"`;
  }
  return lastTimestamp;
}

let lastMs = Number.NaN;
let lastTimestamp = '';

function nearestIn(decision: AuditEvent['decision']): NearestIdentity | undefined {
  return decision?.kind === 'deny' ? decision.nearest : undefined;
}

function callerOf(event: AuditEvent): Caller | undefined {
  if (event.caller !== undefined || event.decision === undefined) return event.caller;
  return event.decision.kind === 'unable' ? undefined : event.decision.caller;
}

function eventText(event: AuditEvent): string {
  return (
    describeDecision(event).text +
    actionText(event.operations) +
    `,"reason":"${event.reason}","duration":${Math.round(event.duration * 1e6)}}`
  );
}

function requestText(event: AuditEvent): string {
  return (
    `,"http":{"request":{"method":${loggedText(LIMITS.method, event.method)}` +
    `,"id":${loggedText(LIMITS.id, event.requestId)}},"response":{"status_code":${event.status}}}` +
    `,"url":{"domain":${loggedText(LIMITS.host, event.host)}` +
    `,"path":${loggedText(LIMITS.path, event.path)}}`
  );
}

function userAgentText(userAgent: string | undefined): string {
  return userAgent === undefined
    ? ''
    : `,"user_agent":{"original":${loggedText(LIMITS.userAgent, userAgent)}}`;
}

function traceText(traceparent: string | undefined): string {
  const id = traceparent === undefined ? undefined : traceId(traceparent);
  return id === undefined ? '' : `,"trace":{"id":"${id}"}`;
}

/** The text of a service is built once; a reload can change the type of a name. */
function createServiceText(): (service: string | undefined, type: string | undefined) => string {
  const texts = new Map<string, { readonly type: string | undefined; readonly text: string }>();
  return (service, type) => {
    if (service === undefined) return type === undefined ? '' : `,"type":${jsonText(type)}`;
    const known = texts.get(service);
    if (known !== undefined && known.type === type) return known.text;
    const text = [
      `,"service":${jsonText(service)}`,
      type === undefined ? '' : `,"type":${jsonText(type)}`,
    ].join('');
    texts.set(service, { type, text });
    return text;
  };
}

/** Without its closing brace. */
function gatehouseText(event: AuditEvent, service: string, who: CredentialText, nearest: string): string {
  const { presented } = event;
  return (
    `,"gatehouse":{"bytes_in":${event.bytesIn},"bytes_out":${event.bytesOut}` +
    (event.aborted ? ',"aborted":true' : '') +
    service +
    operationsText(event.operations) +
    (who === NO_CALLER && presented !== undefined ? `,"credential":"${presented.class}"` : who.inner) +
    (presented === undefined ? '' : SOURCE_TEXTS[presented.credentialSource]) +
    decisionText(event) +
    nearest +
    candidateText(event) +
    (event.detail === undefined ? '' : `,"detail":${loggedText(LIMITS.detail, event.detail)}`) +
    (event.upstreamStatus === undefined ? '' : `,"upstream_status":${event.upstreamStatus}`) +
    (event.upstreamDuration === undefined
      ? ''
      : `,"upstream_duration_ms":${Math.round(event.upstreamDuration * 1000) / 1000}`)
  );
}

const SOURCE_TEXTS = Object.fromEntries(
  [...CREDENTIAL_SOURCES, 'ticket'].map((source) => [source, `,"credential_source":"${source}"`]),
) as Readonly<Record<CredentialSource, string>>;

function candidateText({ candidate }: AuditEvent): string {
  return candidate === undefined
    ? ''
    : `,"candidate":{"decision":"${candidate.outcome}","reason":${jsonText(candidate.reason)}}`;
}

function decisionText({ decision }: AuditEvent): string {
  if (decision === undefined) return '';
  switch (decision.kind) {
    case 'allow':
      return ALLOW_TEXTS[decision.basis] + relaxedText(decision.relaxed);
    case 'deny':
      return ',"decision":"deny"';
    case 'unable':
      return ',"decision":"unable"';
    default:
      return decision satisfies never;
  }
}

const ALLOW_TEXTS = {
  grant: ',"decision":"allow","basis":"grant"',
  anonymous: ',"decision":"allow","basis":"anonymous"',
  shadow: ',"decision":"allow","basis":"shadow"',
} as const;

function relaxedText(relaxed: Deny | undefined): string {
  return relaxed === undefined
    ? ''
    : `,"relaxed":{"reason":"${relaxed.reason}","detail":${loggedText(LIMITS.detail, relaxed.detail)}}`;
}
