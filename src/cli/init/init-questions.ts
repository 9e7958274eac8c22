import type { Dialog } from '../dialog.ts';
import type { Terminal } from '../terminal.ts';
import { INIT_SYSTEMS, INIT_VALUES } from './init-flags.ts';
import { EXAMPLE_GITLAB, EXAMPLE_PUBLIC_URL, type InitAnswers } from './init-plan.ts';
import { INIT_PLATFORMS } from './init-platforms.ts';
import { INIT_SERVICES } from './init-services.ts';
import { shownValue } from './init-values.ts';

interface Question {
  readonly name: string;
  readonly question: string;
  /** The answer to an empty line; undefined leaves the value out. */
  readonly preset?: string;
}

export type InitDialog =
  | { readonly kind: 'answered'; readonly answers: InitAnswers; readonly output: string }
  | { readonly kind: 'cancelled' };

/** Asks for the values that no flag contains. An invalid answer is explained and asked for again. */
export async function askForInit(
  flags: InitAnswers,
  output: string | undefined,
  terminal: Terminal,
  dialog: Dialog,
): Promise<InitDialog> {
  terminal.out('An empty answer selects the value in brackets. Ctrl-C ends without writing a file.\n\n');
  let answers = flags;
  const put = async (question: Question): Promise<boolean> => {
    if (answers[question.name] !== undefined) return true;
    const answer = await askUntilValid(question, terminal, dialog);
    if (answer.kind === 'cancelled') return false;
    answers = { ...answers, [question.name]: answer.value };
    return true;
  };
  const ci = await choose('Which systems issue the tokens', INIT_SYSTEMS, flags, terminal, dialog);
  if (ci === undefined) return { kind: 'cancelled' };
  const names = INIT_SERVICES.map(({ name }) => name);
  const chosen = await choose('Which services', names, flags, terminal, dialog);
  if (chosen === undefined) return { kind: 'cancelled' };
  const services = INIT_SERVICES.filter(({ name }) => chosen.includes(name));

  const questions: readonly Question[] = [
    ...(ci.includes('gitlab') ? [{ name: 'gitlab', question: 'URL of GitLab', preset: EXAMPLE_GITLAB }] : []),
    ...(ci.includes('github') ? [{ name: 'github', question: 'GitHub organization', preset: 'acme' }] : []),
    ...INIT_PLATFORMS.filter(({ name }) => ci.includes(name)),
    ...(ci.includes('gitlab')
      ? [
          { name: 'project', question: 'Path of the first GitLab project', preset: 'acme/payments' },
          { name: 'project-id', question: 'Id of this project, or empty for a placeholder' },
        ]
      : []),
    ...services.map(({ name, title, usualUrl }) => ({
      name,
      question: `URL of the ${title}`,
      preset: usualUrl,
    })),
    { name: 'public-url', question: 'Address of the gateway for clients', preset: EXAMPLE_PUBLIC_URL },
  ];
  for (const question of questions) if (!(await put(question))) return { kind: 'cancelled' };
  const folder = output ?? (await dialog.ask('Directory of the new files [gatehouse]: '));
  if (folder === undefined) return { kind: 'cancelled' };
  return { kind: 'answered', answers, output: folder === '' ? 'gatehouse' : folder };
}

/** Asks for some of these names, unless a flag selects one. Undefined: cancelled. */
async function choose(
  question: string,
  names: readonly string[],
  flags: InitAnswers,
  terminal: Terminal,
  dialog: Dialog,
): Promise<readonly string[] | undefined> {
  const selected = names.filter((name) => flags[name] !== undefined);
  if (selected.length > 0) return selected;
  for (;;) {
    const answer = await dialog.ask(`${question} (${names.join(', ')}) [${names[0]}]: `);
    if (answer === undefined) return undefined;
    const given = answer === '' ? names.slice(0, 1) : answer.toLowerCase().split(/[\s,]+/);
    const unknown = given.filter((name) => !names.includes(name));
    if (unknown.length === 0) return given;
    terminal.out(`  ${unknown.join(', ')}: unknown; choose from ${names.join(', ')}, separated by commas\n`);
  }
}

type ValidAnswer =
  { readonly kind: 'answer'; readonly value: string | undefined } | { readonly kind: 'cancelled' };

async function askUntilValid(
  { name, question, preset }: Question,
  terminal: Terminal,
  dialog: Dialog,
): Promise<ValidAnswer> {
  for (;;) {
    const answer = await dialog.ask(`${question}${preset === undefined ? '' : ` [${preset}]`}: `);
    if (answer === undefined) return { kind: 'cancelled' };
    if (answer === '' && preset === undefined) return { kind: 'answer', value: undefined };
    const result = INIT_VALUES[name]?.(answer === '' ? (preset ?? '') : answer);
    if (result?.kind === 'accepted') return { kind: 'answer', value: result.value };
    terminal.out(`  ${shownValue(answer)}: ${result?.problem ?? 'is invalid'}\n`);
  }
}
