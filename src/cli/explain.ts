import { readFileSync } from 'node:fs';
import { build, formatExplanation, type ExplainQuestion } from '../app/build.ts';
import { GatehouseError } from '../core/errors.ts';
import { required, text, type Command, type Values } from './command.ts';
import { CONFIG_OPTION, readConfiguration } from './configuration.ts';
import { EXIT } from './terminal.ts';
import { VERSION } from './version.ts';

export const explain: Command = {
  summary: 'say what would be decided for a request, and why',
  help: `
Takes a request through the policy and shows each identity with the first condition that failed, and each grant
that was looked at. Without a credential it shows what anybody may do. It prints claims and patterns: it is for
whoever keeps the policy. Exit code: 0 allowed, 1 not allowed, 2 wrong usage or configuration.

  gatehouse explain --config gatehouse.yaml --claims job.json --issuer gitlab \\
                    --method GET --url https://gateway.example.com/orders/v1/list
  gatehouse explain --config gatehouse.yaml --deploy-token edge --websocket --url https://gateway.example.com/orders/events
  gatehouse explain --config gatehouse.yaml --token-file token.jwt --url https://gateway.example.com/orders/`,
  options: {
    ...CONFIG_OPTION,
    'token-file': {
      type: 'string',
      value: 'FILE',
      help: 'A token; it is verified as in a request (fetches keys).',
    },
    claims: { type: 'string', value: 'FILE', help: 'Claims as JSON, taken as verified; needs --issuer.' },
    issuer: {
      type: 'string',
      value: 'NAME',
      help: 'The issuer of the claims, as the configuration names it.',
    },
    class: { type: 'string', value: 'CLASS', help: 'Of the claims: id_token (default) or job_token.' },
    'deploy-token': { type: 'string', value: 'NAME', help: 'A deploy token of the configuration.' },
    method: { type: 'string', value: 'METHOD', help: 'Default: GET.' },
    url: {
      type: 'string',
      value: 'URL',
      help: 'The URL that the client calls; ws:// and wss:// imply --websocket.',
    },
    websocket: { type: 'boolean', help: 'The request is a WebSocket handshake.' },
    json: { type: 'boolean', help: 'As JSON.' },
  },
  async run(values, terminal) {
    const url = required(values, 'url');
    const question: ExplainQuestion = {
      method: (text(values, 'method') ?? 'GET').toUpperCase(),
      url,
      webSocket: values['websocket'] === true || /^wss?:/i.test(url),
      credential: credentialOf(values),
    };
    const gateway = build(readConfiguration(values, terminal), { version: VERSION, inspect: true });
    const answer = await gateway.explain(question);
    await gateway.stop();
    if (values['json'] === true) terminal.out(`${JSON.stringify(answer, null, 2)}\n`);
    else if (answer.kind === 'explained')
      terminal.out(formatExplanation(answer.explanation) + noteOn(answer));
    else terminal.out(`refused (${answer.stage}): ${answer.refusal.reason}: ${answer.refusal.detail}\n`);
    const allowed = answer.kind === 'explained' && answer.explanation.verdict.kind === 'allow';
    return allowed ? EXIT.done : EXIT.failed;
  },
};

/** Without the body nobody can say more. */
function noteOn({ inBody }: { readonly inBody: boolean }): string {
  return inBody
    ? '\nWhat is asked for stands in the body of the request, and is decided again once that is read: this is one of the things that it can be.\n'
    : '';
}

function credentialOf(values: Values): ExplainQuestion['credential'] {
  const tokenFile = text(values, 'token-file');
  const claimsFile = text(values, 'claims');
  const deployToken = text(values, 'deploy-token');
  if ([tokenFile, claimsFile, deployToken].filter((value) => value !== undefined).length > 1) {
    throw new GatehouseError('usage', '--token-file, --claims and --deploy-token exclude each other');
  }
  if (deployToken !== undefined) return { kind: 'deploy-token', name: deployToken };
  if (tokenFile !== undefined) return { kind: 'token', token: read('token-file', tokenFile).trim() };
  if (claimsFile === undefined) return { kind: 'none' };
  const kind = text(values, 'class') ?? 'id_token';
  if (kind !== 'id_token' && kind !== 'job_token') {
    throw new GatehouseError('usage', '--class takes id_token or job_token');
  }
  return {
    kind: 'claims',
    class: kind,
    claims: parseClaims(read('claims', claimsFile)),
    issuer: required(values, 'issuer'),
  };
}

function parseClaims(json: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(json);
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch {
    // Said below, without the content.
  }
  throw new GatehouseError('usage', '--claims must hold one JSON object, such as {"project_id": "20"}');
}

function read(option: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new GatehouseError('usage', `--${option} ${file} cannot be read`, { cause });
  }
}
