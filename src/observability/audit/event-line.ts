import type { AuditEvent } from '../../core/audit-event.ts';
import type { Caller, NearestIdentity } from '../../core/decision.ts';
import type { IssuerType } from '../../core/issuer-presets.ts';
import type { Operation } from '../../core/request/operation.ts';
import { jsonText, jsonTextUpTo } from '../../util/json/text.ts';
import { nearestText, type AuditedClaims } from './claims-text.ts';
import { credentialText, type CredentialText } from './credential-text.ts';
import { LIMITS } from './limits.ts';
import { traceId } from './trace-id.ts';
import { describeDecision } from './verdict.ts';

/** `api` expects access, allowed, denied; `web` expects error (ECS, "event.category"). */
const EVENT =
  ',"ecs":{"version":"9.0.0"},"event":{"kind":"event","dataset":"gatehouse.audit","category":["api","web"]';

const NO_CALLER: CredentialText = { top: '', inner: '' };

/**
 * One event as one line of ECS-shaped JSON; docs/reference/audit.md lists the fields. Concatenated by hand, because
 * this runs for every request. The fields of a credential are built once and cached with the credential.
 */
export function createEventLine(
  issuerTypes: ReadonlyMap<string, IssuerType>,
  audited: AuditedClaims | undefined,
): (event: AuditEvent) => string {
  let texts = new WeakMap<object, CredentialText>();
  let names = audited?.names;
  const nearest = new WeakMap<NearestIdentity, string>();

  function textOf(event: AuditEvent): CredentialText {
    const caller = callerOf(event);
    const credential = event.verified ?? caller?.credential;
    if (credential === undefined) return NO_CALLER;
    // Another policy evaluates other claims of the same cached credential.
    if (audited?.names !== names) {
      names = audited?.names;
      texts = new WeakMap();
    }
    const key = caller ?? credential;
    let text = texts.get(key);
    if (text === undefined) {
      text = credentialText(credential, caller, issuerTypes.get(credential.issuer), names);
      texts.set(key, text);
    }
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
      `{"@timestamp":"${timestamp(event.startedAt)}"` +
      eventText(event) +
      `,"http":{"request":{"method":${jsonTextUpTo(LIMITS.method, event.method)}` +
      `,"id":${jsonTextUpTo(LIMITS.id, event.requestId)}},"response":{"status_code":${event.status}}}` +
      `,"url":{"domain":${jsonTextUpTo(LIMITS.host, event.host)}` +
      `,"path":${jsonTextUpTo(LIMITS.path, event.path)}}` +
      `,"client":{"address":${jsonTextUpTo(LIMITS.address, event.clientAddress)}}` +
      (event.userAgent === undefined
        ? ''
        : `,"user_agent":{"original":${jsonTextUpTo(LIMITS.userAgent, event.userAgent)}}`) +
      who.top +
      traceText(event.traceparent) +
      gatehouseText(event, who, nearestOf(event)) +
      '}\n'
    );
  };
}

/** Caches the formatted timestamp, because many requests start within one millisecond. */
function timestamp(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms;
    lastTimestamp = new Date(ms).toISOString();
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
  const { type, outcome } = describeDecision(event);
  return (
    `${EVENT},"type":["access","${type}"],"outcome":"${outcome}"` +
    `,"action":${actionText(event.operations)},"reason":"${event.reason}"` +
    `,"duration":${Math.round(event.duration * 1e6)}}`
  );
}

function actionText(operations: readonly Operation[]): string {
  const [first] = operations;
  if (first === undefined) return '"request"';
  return operations.length === 1 ? jsonText(first.scope) : jsonText(scopesOf(operations).join('+'));
}

function scopesOf(operations: readonly Operation[]): readonly string[] {
  return [...new Set(operations.map(({ scope }) => scope))];
}

function traceText(traceparent: string | undefined): string {
  const id = traceparent === undefined ? undefined : traceId(traceparent);
  return id === undefined ? '' : `,"trace":{"id":"${id}"}`;
}

function gatehouseText(event: AuditEvent, who: CredentialText, nearest: string): string {
  return (
    `,"gatehouse":{"bytes_in":${event.bytesIn},"bytes_out":${event.bytesOut}` +
    (event.aborted ? ',"aborted":true' : '') +
    (event.service === undefined ? '' : `,"service":${jsonText(event.service)}`) +
    (event.serviceType === undefined ? '' : `,"type":${jsonText(event.serviceType)}`) +
    operationsText(event.operations) +
    (who === NO_CALLER && event.presented !== undefined
      ? `,"credential":"${event.presented.class}"`
      : who.inner) +
    (event.presented === undefined ? '' : `,"credential_source":"${event.presented.credentialSource}"`) +
    decisionText(event) +
    nearest +
    (event.detail === undefined ? '' : `,"detail":${jsonTextUpTo(LIMITS.detail, event.detail)}`) +
    (event.upstreamStatus === undefined ? '' : `,"upstream_status":${event.upstreamStatus}`) +
    (event.upstreamDuration === undefined
      ? ''
      : `,"upstream_duration_ms":${Math.round(event.upstreamDuration * 1000) / 1000}`) +
    '}'
  );
}

/** Separate scopes and resources, for searches; several operations are also listed as pairs. */
function operationsText(operations: readonly Operation[]): string {
  const [only] = operations;
  if (only === undefined) return '';
  if (operations.length === 1 && only.extent === 'one') {
    return `,"scopes":[${jsonText(only.scope)}],"resources":[${resourceText(only.resource)}]`;
  }
  const listed = operations.slice(0, LIMITS.operations);
  const resources = [
    ...new Set(listed.filter(({ extent }) => extent === 'one').map(({ resource }) => resource)),
  ];
  return (
    `,"scopes":[${scopesOf(operations).map(jsonText).join(',')}]` +
    (resources.length === 0 ? '' : `,"resources":[${resources.map(resourceText).join(',')}]`) +
    `,"operations":[${listed.map(operationText).join(',')}]` +
    (operations.length > listed.length ? `,"operations_total":${operations.length}` : '')
  );
}

function operationText({ scope, resource, extent }: Operation): string {
  const target = extent === 'one' ? `"resource":${resourceText(resource)}` : `"extent":"${extent}"`;
  return `{"scope":${jsonText(scope)},${target}}`;
}

function resourceText(resource: string): string {
  return jsonTextUpTo(LIMITS.resource, resource);
}

function decisionText({ decision }: AuditEvent): string {
  if (decision === undefined) return '';
  if (decision.kind !== 'allow') return `,"decision":"${decision.kind}"`;
  const { basis, relaxed } = decision;
  return (
    `,"decision":"allow","basis":"${basis}"` +
    (relaxed === undefined
      ? ''
      : `,"relaxed":{"reason":"${relaxed.reason}","detail":${jsonTextUpTo(LIMITS.detail, relaxed.detail)}}`)
  );
}
