import { POLICY_DENIALS, readRecordedRequest, type RecordedRequest } from '../../app/tools.ts';
import { GatehouseError } from '../../core/errors.ts';
import { auditFiles, auditLines } from '../audit-files.ts';
import { required, text, type Values } from '../command.ts';
import { readConfiguration } from '../configuration.ts';
import { inspectGateway } from '../inspect.ts';
import { printExplanation } from './print-explanation.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';

/** Options that describe a request; a recorded request has its own. */
const OF_REQUEST = [
  'url',
  'method',
  'token-file',
  'claims',
  'deploy-token',
  'issuer',
  'class',
  'content-type',
  'body',
];

/** Explains a request of the audit log under the configuration. */
export async function explainRecorded(id: string, values: Values, terminal: Terminal): Promise<ExitCode> {
  const given = OF_REQUEST.find((option) => text(values, option) !== undefined);
  if (given !== undefined)
    throw new GatehouseError('usage', `--${given} and --request-id are mutually exclusive`);
  const path = required(values, 'audit');
  const config = await readConfiguration(values, terminal);
  const request = withPublicScheme(await findRequest(path, id), config.server.publicUrl);
  const { unrecordedClaim, ...result } = await inspectGateway(config, (gateway) =>
    gateway.explainRecorded(request),
  );
  const incomplete = [...request.notes, ...noteOf(unrecordedClaim)];
  const allowed = result.kind === 'explained' && result.explanation.verdict.kind === 'allow';
  if (values['json'] === true) {
    terminal.out(
      `${JSON.stringify({ recorded: describe(request), ...result, notes: incomplete }, null, 2)}\n`,
    );
    return allowed ? EXIT.done : EXIT.failed;
  }
  terminal.out(recordedLines(request));
  if (result.kind === 'not-evaluated') terminal.out(`not evaluated: ${result.detail}\n`);
  else terminal.out(printExplanation(result));
  const notes = result.kind === 'explained' ? [...incomplete, ...difference(request, allowed)] : incomplete;
  terminal.out(notes.map((note) => `\nNote: ${note}.\n`).join(''));
  return allowed ? EXIT.done : EXIT.failed;
}

/** The event alone does not show which of the two reasons applies; a replay of the whole log often does. */
function noteOf(claim: string | undefined): readonly string[] {
  if (claim === undefined) return [];
  return [
    `the decision depends on the claim "${claim}", which the event does not contain: the token has no such claim, or the recording policy did not refer to it`,
  ];
}

/** The last event with the id in the newest file that has one. */
async function findRequest(path: string, id: string): Promise<RecordedRequest> {
  const files = auditFiles(path);
  for (const file of files) {
    let found: RecordedRequest | undefined;
    let unusable: string | undefined;
    for await (const { number, text: line } of auditLines(file)) {
      if (!line.includes(id)) continue;
      const read = readRecordedRequest(parse(line));
      if (read.kind === 'other' || read.requestId !== id) continue;
      if (read.kind === 'recorded') found = read;
      else
        unusable = `${file}:${number}: request ${id} cannot be evaluated: ${read.detail}; recorded: ${outcomeOf(read.recorded)}`;
    }
    if (found !== undefined) return found;
    if (unusable !== undefined) throw new GatehouseError('usage', unusable);
  }
  throw new GatehouseError(
    'usage',
    `no audit event has the request id ${id}; searched: ${files.map((file) => (file === '-' ? 'standard input' : file)).join(', ')}`,
  );
}

function outcomeOf({
  status,
  reason,
  detail,
}: Pick<RecordedRequest, 'status' | 'reason' | 'detail'>): string {
  return `${status} ${reason}${detail === undefined ? '' : ` (${JSON.stringify(detail)})`}`;
}

/** Audit events do not contain the scheme. */
function withPublicScheme(request: RecordedRequest, publicUrl: string): RecordedRequest {
  return { ...request, url: request.url.replace(/^https:/, new URL(publicUrl).protocol) };
}

/** A truncated last line is no JSON, and so is a line of another program on the same output. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Without the credential: its claims are in the audit event. */
function describe({
  requestId,
  time,
  method,
  url,
  status,
  service,
  decision,
  reason,
  detail,
  identity,
}: RecordedRequest) {
  return { requestId, time, method, url, status, service, decision, reason, detail, identity };
}

function recordedLines({
  time,
  method,
  url,
  status,
  decision,
  reason,
  detail,
  identity,
}: RecordedRequest): string {
  const as = identity === undefined ? '' : ` as ${identity}`;
  const why = detail === undefined ? '' : ` (${JSON.stringify(detail)})`;
  return [
    `request     ${JSON.stringify(method)} ${JSON.stringify(url)}`,
    `recorded    ${time}: ${status} ${decision ?? 'refused'}${as}: ${reason}${why}`,
    '',
    '',
  ].join('\n');
}

function difference({ decision, reason }: RecordedRequest, allowed: boolean): readonly string[] {
  if (decision === undefined || (decision === 'allow') === allowed) return [];
  if (allowed && reason !== 'no_service' && !POLICY_DENIALS.has(reason))
    return [`policy allows the request; the recorded reason, ${reason}, has another cause`];
  return [
    `the recorded decision was ${decision}, and this configuration ${allowed ? 'allows' : 'denies'} the request`,
  ];
}
