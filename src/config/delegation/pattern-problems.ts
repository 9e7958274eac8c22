import { markAt, type SourceNode } from '../load/source-tree.ts';
import { problemAt, type Problem } from '../problems/problem.ts';
import { filePatternProblem, isMainFile, type DelegatedText } from './delegated-files.ts';

/** What is wrong with the `files` of the delegations, in the main configuration. */
export function patternProblems(
  path: string,
  root: SourceNode,
  patterns: readonly string[],
  texts: readonly DelegatedText[],
): readonly Problem[] {
  const byFile = new Map<string, number>();
  const problems = patterns.flatMap((pattern, index) => {
    const message = filePatternProblem(pattern);
    if (message !== undefined) return [at(index, message)];
    const isNamed = texts.some(({ delegation }) => delegation === index);
    return isNamed ? [] : [at(index, 'names no file; correct it, unless the files follow later', 'warning')];
  });
  for (const { file, delegation } of texts) {
    const earlier = byFile.get(file);
    if (isMainFile(path, file)) {
      problems.push(at(delegation, `names ${file}, which is part of the main configuration; move that file`));
    } else if (earlier !== undefined) {
      problems.push(at(delegation, `names ${file}, as delegations[${earlier}] does; name each file once`));
    } else byFile.set(file, delegation);
  }
  return problems;

  function at(index: number, message: string, severity: Problem['severity'] = 'error'): Problem {
    const place = ['delegations', index, 'files'];
    return problemAt(markAt(root, place), place, message, { severity, rule: 'delegations' });
  }
}
