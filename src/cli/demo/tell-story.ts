import { readFileSync } from 'node:fs';
import { explainRecorded } from '../explain/explain-recorded.ts';
import { PROGRAM } from '../program.ts';
import type { Terminal } from '../terminal.ts';
import { findAuditLine, readableAuditEvent } from './demo-audit.ts';
import { createDemoOutput, type DemoOutput } from './demo-output.ts';
import type { DemoGateway, DemoPart, DemoStory } from './demo-story.ts';

/** Everything that runs, and the files of the gateway. */
export interface DemoScene {
  readonly story: DemoStory;
  readonly gateway: DemoGateway;
  readonly issuerUrl: string;
  readonly adminUrl: string;
  readonly configFile: string;
  readonly auditFile: string;
}

interface TellOptions {
  readonly once: boolean;
  readonly verbose: boolean;
}

/** Sends the requests of the story and prints them with their explanation. */
export async function tellStory(scene: DemoScene, options: TellOptions, terminal: Terminal): Promise<void> {
  const output = createDemoOutput(terminal);
  printParts(scene, output);
  if (options.verbose) {
    output.heading(`Configuration: ${scene.configFile}`);
    for (const line of readFileSync(scene.configFile, 'utf8').trimEnd().split('\n')) output.line(line, 'dim');
  }
  const { steps, commands } = scene.story.connect(scene.gateway);
  let refused: string | undefined;
  for (const [index, step] of steps.entries()) {
    output.heading(`${index + 1}. ${step.title}`);
    output.line(`$ ${step.command}`, 'dim');
    const outcome = await step.run();
    for (const line of outcome.lines) output.line(line, outcome.kind === 'done' ? 'green' : 'red');
    if (outcome.kind === 'refused') refused = outcome.requestId;
  }
  if (refused !== undefined) await printReasons(scene, refused, steps.length, options, terminal);
  if (!options.once) printCommands(scene, commands, output);
}

function printParts({ story, gateway, issuerUrl, adminUrl }: DemoScene, output: DemoOutput): void {
  output.heading(`Gatehouse demo: ${story.title}`);
  output.line();
  const parts: readonly DemoPart[] = [
    { name: 'issuer', url: issuerUrl, purpose: 'issues ID tokens like GitLab' },
    ...story.parts,
    { name: 'gateway', url: gateway.url, purpose: 'the address for clients' },
    { name: 'console', url: `${adminUrl}/console/`, purpose: 'decisions, access, explanations' },
  ];
  const width = Math.max(...parts.map(({ url }) => url.length));
  for (const { name, url, purpose } of parts) {
    output.line(`${name.padEnd(9)} ${url.padEnd(width)}  ${purpose}`);
  }
  output.line();
  output.line(story.note);
}

async function printReasons(
  { configFile, auditFile }: DemoScene,
  requestId: string,
  steps: number,
  { verbose }: TellOptions,
  terminal: Terminal,
): Promise<void> {
  const output = createDemoOutput(terminal);
  const event = await findAuditLine(auditFile, requestId);
  output.heading(`${steps + 1}. The reason, for maintainers of the policy`);
  output.line(
    `$ ${PROGRAM} explain --config ${configFile} --audit ${auditFile} --request-id ${requestId}`,
    'dim',
  );
  let explanation = '';
  await explainRecorded(
    requestId,
    { config: configFile, audit: auditFile },
    { ...terminal, out: (text) => void (explanation += text) },
  );
  const shown = verbose ? explanation : shortened(explanation);
  for (const line of shown.trimEnd().split('\n')) output.line(line);
  output.heading(`${steps + 2}. The event in the audit log`);
  output.line(verbose ? event : readableAuditEvent(event));
}

function printCommands({ configFile }: DemoScene, commands: readonly string[], output: DemoOutput): void {
  output.heading('To try (the token is valid for one hour)');
  for (const command of commands) output.line(command);
  output.line(`${PROGRAM} access --config ${configFile} --identity payments`);
  output.heading('Ctrl-C stops everything.');
}

/** The decision and the first operation that it refuses; `--verbose` prints all paragraphs. */
function shortened(explanation: string): string {
  const [, decision = '', , ...operations] = explanation.split('\n\n');
  const line = decision.split('\n').find((text) => text.startsWith('decision')) ?? '';
  return [line, ...operations.filter((text) => text.startsWith('- ')).slice(0, 1)].join('\n');
}
