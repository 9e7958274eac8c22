import { redactCredentials } from '../../../../core/credentials/credential-pattern.ts';
import { SOURCE_CLASSES } from '../../../../core/credentials/credential.ts';
import type { DecisionRecord } from '../../../../core/records/decision-record.ts';
import { parseJsonObject } from '../../../../util/json/object.ts';
import type { ExplainQuestion, PolicyPorts } from '../../policy-ports.ts';

export const CREDENTIAL_KINDS = ['none', 'claims', 'token', 'deploy-token', 'recorded'] as const;

/** The fields of the form, without the token, which no page contains. */
export interface ExplainFields {
  readonly method: string;
  readonly url: string;
  readonly contentType: string;
  readonly credential: (typeof CREDENTIAL_KINDS)[number];
  readonly issuer: string;
  readonly class: string;
  /** JSON text. */
  readonly claims: string;
  readonly deployToken: string;
  /** The id of a recorded request. */
  readonly request: string;
}

/** The fields for a request of the log; without one, an empty form. */
export function initialFields(record: DecisionRecord | undefined, ports: PolicyPorts): ExplainFields {
  const credential = record?.verified ?? record?.caller?.credential;
  const claims = credential !== undefined && ports.claims().shown ? credential.claims : {};
  return {
    method: record?.method ?? 'GET',
    url: record === undefined ? '' : redactCredentials(ports.urlOf(record)),
    contentType: '',
    credential: record === undefined ? 'claims' : 'recorded',
    issuer: credential?.issuer ?? '',
    class: credential?.minted?.source.class ?? credential?.class ?? 'id_token',
    claims: redactCredentials(JSON.stringify(claims, null, 2)),
    deployToken: '',
    request: record?.requestId ?? '',
  };
}

export function readExplainFields(form: ReadonlyMap<string, string>): ExplainFields {
  const text = (name: string): string => redactCredentials(form.get(name)?.trim() ?? '');
  return {
    method: text('method').toUpperCase() || 'GET',
    url: text('url'),
    contentType: text('contentType'),
    credential: CREDENTIAL_KINDS.find((kind) => kind === form.get('credential')) ?? 'none',
    issuer: text('issuer'),
    class: text('class'),
    claims: text('claims'),
    deployToken: text('deployToken'),
    request: text('request'),
  };
}

export type ExplainRead =
  | { readonly kind: 'question'; readonly question: ExplainQuestion }
  | { readonly kind: 'invalid'; readonly field: keyof ExplainFields | 'token'; readonly detail: string };

/** `token` is the pasted token. */
export function readQuestion(fields: ExplainFields, token: string, ports: PolicyPorts): ExplainRead {
  const { method, url, contentType } = fields;
  if (!/^[A-Z]{1,32}$/.test(method)) return invalid('method', 'The method consists of letters, such as GET.');
  if (!URL.canParse(url) || !/^(?:https?|wss?):\/\//i.test(url))
    return invalid('url', 'Enter the complete URL of the request, with scheme and host.');
  const credential = readCredential(fields, token, ports);
  if (credential.kind === 'invalid') return credential;
  const type = contentType === '' ? undefined : contentType;
  return { kind: 'question', question: { method, url, contentType: type, credential } };
}

function readCredential(
  fields: ExplainFields,
  token: string,
  ports: PolicyPorts,
): ExplainQuestion['credential'] | Extract<ExplainRead, { readonly kind: 'invalid' }> {
  const names = ports.names();
  switch (fields.credential) {
    case 'none':
      return { kind: 'none' };
    case 'claims': {
      if (!names.issuers.includes(fields.issuer))
        return invalid('issuer', 'Select the issuer of the claims.');
      const read = parseJsonObject(Buffer.from(fields.claims));
      if (read.kind === 'invalid')
        return invalid('claims', `Enter the claims as one JSON object; the text ${read.detail}.`);
      const kind = SOURCE_CLASSES.find((each) => each === fields.class) ?? 'id_token';
      return { kind: 'claims', issuer: fields.issuer, class: kind, claims: read.value };
    }
    case 'token': {
      const bare = token.trim().replace(/^Bearer +/i, '');
      if (bare === '') return invalid('token', 'Paste the token.');
      return /^[\x21-\x7e]+$/.test(bare)
        ? { kind: 'token', token: bare }
        : invalid('token', 'The token contains white space or other characters that no token has.');
    }
    case 'deploy-token':
      return names.deployTokens.includes(fields.deployToken)
        ? { kind: 'deploy-token', name: fields.deployToken }
        : invalid('deployToken', 'Select a deploy token.');
    case 'recorded': {
      const record = ports.decisions()?.find(fields.request);
      return record === undefined
        ? invalid('request', 'This replica has no decision with this request id any more.')
        : { kind: 'recorded', record };
    }
    default:
      return fields.credential satisfies never;
  }
}

function invalid(
  field: Extract<ExplainRead, { readonly kind: 'invalid' }>['field'],
  detail: string,
): Extract<ExplainRead, { readonly kind: 'invalid' }> {
  return { kind: 'invalid', field, detail };
}
