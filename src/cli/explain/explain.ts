import type { ExplainInput, ExplainResult } from '../../app/tools.ts';
import { GatehouseError } from '../../core/errors.ts';
import { required, text, type Command, type Values } from '../command.ts';
import { CONFIG_OPTION, readConfiguration } from '../configuration.ts';
import { inspectGateway } from '../inspect.ts';
import { readOptionBytes, readOptionFile } from '../option-file.ts';
import { EXIT } from '../terminal.ts';

export const explainCommand: Command = {
  summary: 'show the decision for a request and its reasons',
  help: `
Evaluates the policy for a request. Shows each identity with the first condition that does not match, and each grant
that was evaluated. Without a credential it evaluates an anonymous request. The output contains claims and patterns,
so it is meant for policy maintainers. Exit code: 0 allowed, 1 not allowed, 2 invalid usage or configuration.

  gatehouse explain --config gatehouse.yaml --claims job.json --issuer gitlab \\
                    --method GET --url https://gateway.example.com/orders/v1/list
  gatehouse explain --config gatehouse.yaml --deploy-token edge --websocket --url https://gateway.example.com/orders/events
  gatehouse explain --config gatehouse.yaml --token-file token.jwt --url https://gateway.example.com/orders/

A recorded request is evaluated again, with the claims and operations of its audit event:

  gatehouse explain --config gatehouse.yaml --request-id 6f1c… --audit /var/log/gatehouse/audit.log
  zcat archive.gz | gatehouse explain --config gatehouse.yaml --request-id 6f1c… --audit -`,
  options: {
    ...CONFIG_OPTION,
    'token-file': {
      type: 'string',
      value: 'FILE',
      help: 'A token, verified as in a request (fetches the issuer keys).',
    },
    claims: {
      type: 'string',
      value: 'FILE',
      help: 'Claims as JSON, treated as verified; requires --issuer.',
    },
    issuer: {
      type: 'string',
      value: 'NAME',
      help: 'Name of the issuer of the claims in the configuration.',
    },
    class: {
      type: 'string',
      value: 'CLASS',
      help: 'Credential class of the claims: id_token (default) or job_token.',
    },
    'deploy-token': { type: 'string', value: 'NAME', help: 'Name of a deploy token in the configuration.' },
    method: { type: 'string', value: 'METHOD', help: 'Default: GET.' },
    url: {
      type: 'string',
      value: 'URL',
      help: 'The URL of the client request; ws:// and wss:// imply --websocket.',
    },
    'content-type': {
      type: 'string',
      value: 'TYPE',
      help: 'Content-Type of the request; some operations depend on it.',
    },
    body: {
      type: 'string',
      value: 'FILE',
      help: 'Body of the request as the client sends it; some operations depend on it.',
    },
    'request-id': {
      type: 'string',
      value: 'ID',
      help: 'Explain the request with this id (X-Request-Id) of the audit log; requires --audit.',
    },
    audit: {
      type: 'string',
      value: 'FILE',
      help: 'Audit log, plain or gzipped, with its rotated files; "-" reads standard input.',
    },
    websocket: { type: 'boolean', help: 'The request is a WebSocket handshake.' },
    json: { type: 'boolean', help: 'Print JSON.' },
  },
  async run(values, terminal) {
    const requestId = text(values, 'request-id');
    if (requestId !== undefined) {
      const { explainRecorded } = await import('./explain-recorded.ts');
      return explainRecorded(requestId, values, terminal);
    }
    if (text(values, 'audit') !== undefined)
      throw new GatehouseError('usage', '--audit requires --request-id');
    const contentType = text(values, 'content-type');
    const body = text(values, 'body');
    const url = required(values, 'url');
    const input: ExplainInput = {
      method: (text(values, 'method') ?? 'GET').toUpperCase(),
      url,
      webSocket: values['websocket'] === true || /^wss?:/i.test(url),
      credential: credentialOf(values),
      body: body === undefined ? undefined : readOptionBytes('body', body),
      ...(contentType !== undefined && { headers: [['Content-Type', contentType]] }),
    };
    const config = await readConfiguration(values, terminal);
    const { printExplanation } = await import('./print-explanation.ts');
    const result = await inspectGateway(config, (gateway) => gateway.explain(input));
    if (config.signing === undefined && isMinted(result)) terminal.err(UNVERIFIED);
    if (values['json'] === true) terminal.out(`${JSON.stringify(result, null, 2)}\n`);
    else terminal.out(printExplanation(result));
    const allowed = result.kind === 'explained' && result.explanation.verdict.kind === 'allow';
    return allowed ? EXIT.done : EXIT.failed;
  },
};

const UNVERIFIED =
  'note: the signature of the access token is not verified: the signing key is in the state store of the gateway\n';

/** Whether an access token was explained. */
function isMinted(result: ExplainResult): boolean {
  return result.kind === 'explained' && result.explanation.credential?.class === 'access_token';
}

function credentialOf(values: Values): ExplainInput['credential'] {
  const tokenFile = text(values, 'token-file');
  const claimsFile = text(values, 'claims');
  const deployToken = text(values, 'deploy-token');
  if ([tokenFile, claimsFile, deployToken].filter((value) => value !== undefined).length > 1) {
    throw new GatehouseError('usage', '--token-file, --claims and --deploy-token are mutually exclusive');
  }
  if (deployToken !== undefined) return { kind: 'deploy-token', name: deployToken };
  if (tokenFile !== undefined)
    return { kind: 'token', token: readOptionFile('token-file', tokenFile).trim() };
  if (claimsFile === undefined) return { kind: 'none' };
  const kind = text(values, 'class') ?? 'id_token';
  if (kind !== 'id_token' && kind !== 'job_token') {
    throw new GatehouseError('usage', '--class must be id_token or job_token');
  }
  return {
    kind: 'claims',
    class: kind,
    claims: parseClaims(readOptionFile('claims', claimsFile)),
    issuer: required(values, 'issuer'),
  };
}

function parseClaims(json: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(json);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch {
    // Reported below, without the content.
  }
  throw new GatehouseError('usage', '--claims must contain one JSON object, such as {"project_id": "20"}');
}
