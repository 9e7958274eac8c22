import type { DelegatedFile, DelegatedVersion } from '../model/delegated-files.ts';
import type { Draft } from '../model/draft.ts';
import { wholeFile } from '../load/read-sources.ts';
import type { MappingNode } from '../load/source-tree.ts';
import { isError, type Problem } from '../problems/problem.ts';
import { checkDelegated } from './check-delegated.ts';
import type { DelegatedText } from './delegated-files.ts';
import { readDelegatedTree } from './delegated-tree.ts';
import { mergeDelegated, type MergedFile } from './merge-delegated.ts';

/** The result of the checks of a configuration. */
export interface Examined {
  readonly root: MappingNode;
  readonly draft: Draft | undefined;
  readonly problems: readonly Problem[];
}

export interface DelegatedResult {
  readonly files: readonly DelegatedFile[];
  /** The configuration with the active versions of the delegated files. */
  readonly examined: Examined;
}

interface Candidate {
  readonly source: DelegatedText;
  state: DelegatedFile['state'];
  merged: MergedFile | undefined;
  text: string | undefined;
  problems: readonly Problem[];
}

/**
 * Merges the delegated files into a valid configuration. A file with an error is replaced by its last valid version,
 * which is checked against the current delegation like any other, or left out.
 */
export function loadDelegated(
  main: MappingNode,
  texts: readonly DelegatedText[],
  previous: readonly DelegatedVersion[],
  examine: (root: MappingNode) => Examined,
): DelegatedResult {
  const versions = new Map(previous.map(({ file, text }) => [file, text]));
  const candidates = texts.map((source) => firstCandidate(source, versions.get(source.file)));
  const isChanged = ({ source, text }: Candidate): boolean => versions.get(source.file) !== text;
  /** Whether the file alone, with the files that have not changed, causes an error. */
  const isCause = (changed: Candidate, merged: readonly Candidate[]): boolean => {
    const files = filesOf(merged.filter((each) => each === changed || !isChanged(each)));
    return examine(mergeDelegated(main, files).root).problems.some(isError);
  };
  for (;;) {
    const files = filesOf(candidates);
    // A file that has not changed keeps its names when another file takes one of them.
    const byAge = [...candidates.filter((each) => !isChanged(each)), ...candidates.filter(isChanged)];
    const { problems: contested } = mergeDelegated(main, filesOf(byAge));
    const examined = relaxed(examine(mergeDelegated(main, files).root), files);
    const problems = [...contested, ...examined.problems.filter(isError), ...excesses(examined, files)];
    const faulty = candidates.filter(({ merged }) => problems.some(({ file }) => file === merged?.file));
    const merged = candidates.filter((each) => each.merged !== undefined);
    // Without a file, the error is elsewhere, and a changed file is the first that can have caused it.
    const causes = (): readonly Candidate[] =>
      merged.filter(isChanged).filter((each) => isCause(each, merged));
    const suspects = problems.length === 0 || faulty.length > 0 ? [] : causes();
    const [replaced = []] = [faulty, suspects, merged.filter(isChanged), merged].filter(
      ({ length }) => length > 0,
    );
    if (problems.length === 0 || replaced.length === 0) return { examined, files: candidates.map(toFile) };
    for (const candidate of replaced) {
      const own = problems.filter(({ file }) => faulty.length === 0 || file === candidate.source.file);
      replace(candidate, own, versions.get(candidate.source.file));
    }
  }
}

function firstCandidate(source: DelegatedText, version: string | undefined): Candidate {
  const candidate: Candidate = { source, state: 'omitted', merged: undefined, text: undefined, problems: [] };
  if (source.read.kind === 'text') setVersion(candidate, 'current', source.read.text);
  else replace(candidate, [wholeFile(source.file, source.read.detail)], version);
  if (candidate.state === 'current' && candidate.merged === undefined)
    replace(candidate, candidate.problems, version);
  return candidate;
}

/** Replaces a version with errors by the last valid one; the problems of the version that was read are kept. */
function replace(candidate: Candidate, problems: readonly Problem[], version: string | undefined): void {
  const { state, text } = candidate;
  const found = [...candidate.problems, ...problems];
  setVersion(candidate, 'omitted', undefined);
  if (state !== 'previous' && version !== undefined && version !== text)
    setVersion(candidate, 'previous', version);
  candidate.problems = [...new Set(found)];
}

function setVersion(candidate: Candidate, state: DelegatedFile['state'], text: string | undefined): void {
  const { file, delegation } = candidate.source;
  const tree = text === undefined ? undefined : readDelegatedTree(file, text);
  candidate.state = state;
  candidate.text = text;
  candidate.merged = tree?.root && { file, delegation, root: tree.root };
  candidate.problems = tree?.problems ?? [];
}

function filesOf(candidates: readonly Candidate[]): readonly MergedFile[] {
  return candidates.flatMap(({ merged }) => merged ?? []);
}

function toFile({ source: { file }, state, merged, text, problems }: Candidate): DelegatedFile {
  return merged === undefined
    ? { file, state: 'omitted', text: undefined, problems }
    : { file, state, text, problems };
}

function excesses({ root, draft }: Examined, files: readonly MergedFile[]): readonly Problem[] {
  return draft === undefined ? [] : files.flatMap((file) => checkDelegated({ root, draft, files }, file));
}

/** An identity that another file shadows is no error of a delegated file: that file would invalidate this one. */
function relaxed(examined: Examined, files: readonly MergedFile[]): Examined {
  const problems = examined.problems.map((problem): Problem =>
    problem.rule === 'order' && isError(problem) && files.some(({ file }) => file === problem.file)
      ? { ...problem, severity: 'warning' }
      : problem,
  );
  return { ...examined, problems };
}
