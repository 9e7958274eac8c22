import { compareAccess, type AccessDifference } from '../../app/tools.ts';
import type { PositionOf } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import type { Values } from '../command.ts';
import { readForComparison } from '../configuration.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { formatDiffMarkdown } from './diff-markdown.ts';
import { withFileContents } from './file-contents.ts';
import type { DiffReport, LocatedDifference } from './diff-report.ts';
import { formatDiffText } from './diff-text.ts';

/** Runs `gatehouse diff`. */
export async function runDiffCommand(
  values: Values,
  terminal: Terminal,
  operands: readonly string[],
): Promise<ExitCode> {
  const [old, next, more] = operands;
  if (old === undefined || next === undefined || more !== undefined)
    throw new GatehouseError('usage', 'two configurations are required: gatehouse diff OLD NEW');
  if (values['json'] === true && values['markdown'] === true)
    throw new GatehouseError('usage', '--json and --markdown are mutually exclusive');
  const [before, after] = [await readForComparison(old, terminal), await readForComparison(next, terminal)];
  const { gains, losses, changes } = compareAccess(
    withFileContents(before.config),
    withFileContents(after.config),
    (path) => [before, after].some(({ positionOf }) => positionOf(path) !== undefined),
  );
  const report: DiffReport = {
    gains: gains.map((each) => locate(each, after.positionOf)),
    losses: losses.map((each) => locate(each, before.positionOf)),
    changes,
  };
  if (values['json'] === true) terminal.out(`${JSON.stringify(report, null, 2)}\n`);
  else terminal.out(values['markdown'] === true ? formatDiffMarkdown(report) : formatDiffText(report));
  const isDifferent = gains.length + losses.length + changes.length > 0;
  return isDifferent && values['exit-code'] === true ? EXIT.failed : EXIT.done;
}

function locate({ rule, ...difference }: AccessDifference, positionOf: PositionOf): LocatedDifference {
  const mark = positionOf(rule) ?? positionOf(rule.slice(0, 2));
  return { ...difference, source: mark === undefined ? rule.join('.') : `${mark.file}:${mark.line}` };
}
