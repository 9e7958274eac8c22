import { printable } from '../../config/index.ts';
import type { Difference } from './imported.ts';

/** A YAML comment of one line. Text of the source cannot end the line. */
export function comment(text: string): string {
  return `# ${printable(text)}`;
}

export function placeOf({ file, line }: { readonly file: string; readonly line: number }): string {
  return `${file}:${line}`;
}

/** The comments at the start of an imported configuration. */
export function importHead(command: string, differences: readonly Difference[]): readonly string[] {
  const listed = differences.map((each) => comment(`  ${placeOf(each)}: ${each.message}`));
  return [
    comment(`Written by gatehouse import ${command}. Next steps: docs/guides/migrate/${command}.md`),
    ...(listed.length === 0 ? [] : ['#', comment('Rules of the source without an equivalent:'), ...listed]),
    '',
  ];
}
