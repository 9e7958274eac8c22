import { jsonTextUpTo } from '../../util/json/text.ts';
import type { DiffReport, LocatedDifference } from './diff-report.ts';
import { describeWitness } from './diff-text.ts';

/** GitHub accepts comments of 65,536 characters, GitLab of 1,000,000. */
const MAX_LENGTH = 60_000;
const MAX_CELL = 300;

/** By this line the CI templates find the comment of an earlier pipeline, which they update. */
const MARKER = '<!-- gatehouse diff -->';

/** A comment for a merge request. The reports are sorted by severity, so the last entries are left out if it is too long. */
export function formatDiffMarkdown({ gains, losses, changes }: DiffReport): string {
  const title = `${MARKER}\n### Access under the changed policy\n\n`;
  if (gains.length + losses.length + changes.length === 0) return `${title}No differences.\n`;
  const certain = gains.filter(({ certainty }) => certainty === 'certain').length;
  const counts = `**${count(gains.length, 'gain')}** (${certain} certain), ${count(losses.length, 'loss')}, ${count(changes.length, 'changed setting')}.\n`;
  let left = MAX_LENGTH - title.length - counts.length;
  const parts = [title, counts];
  const add = (heading: string, head: readonly string[], rows: readonly string[][]): void => {
    if (rows.length === 0) return;
    const start = `\n${heading}\n\n| ${head.join(' | ')} |\n|${' --- |'.repeat(head.length)}\n`;
    const lines: string[] = [];
    left -= start.length + RESERVED;
    for (const row of rows) {
      const line = `| ${row.join(' | ')} |\n`;
      if (line.length > left) break;
      left -= line.length;
      lines.push(line);
    }
    const missing = rows.length - lines.length;
    const rest = missing === 0 ? '' : `\n${missing} more: run \`gatehouse diff\` for the whole list.\n`;
    if (lines.length > 0 || rest !== '')
      parts.push(lines.length > 0 ? start : `\n${heading}\n`, ...lines, rest);
  };
  const head = ['', 'identity', 'credential', 'service', 'scope', 'resource', 'rule', 'reason and example'];
  add('#### Gains', head, gains.map(rowOf));
  add('#### Losses', head, losses.map(rowOf));
  add(
    '#### Changed settings',
    ['setting', 'change', 'detail'],
    changes.map(({ setting, change, detail }) => [code(setting), change, detail === '' ? '' : code(detail)]),
  );
  return parts.join('');
}

/** For the line that counts what is left out, per table. */
const RESERVED = 200;

function rowOf(difference: LocatedDifference): string[] {
  const { certainty, identity, service, scope, resource, source, reason, witness } = difference;
  const example = witness === undefined ? '' : `: ${code(describeWitness(witness))}`;
  return [
    certainty,
    ...[identity, difference.class, service, scope, resource, source].map(code),
    `${reason === undefined ? '' : code(reason)}${example}`,
  ];
}

/** Text of the policy is shown literally: it must not become markup, a mention or another cell. */
function code(text: string): string {
  const cut = text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
  const line = jsonTextUpTo(MAX_CELL * 6, cut)
    .slice(1, -1)
    .replaceAll('\\"', '"');
  return `\`${line.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function count(number: number, noun: string): string {
  const plural = noun.endsWith('s') ? 'es' : 's';
  return `${number} ${noun}${number === 1 ? '' : plural}`;
}
