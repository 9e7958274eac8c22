import type { KeyPath } from './key-path.ts';
import { problemAt, type Problem } from './problem.ts';
import { FUTURE_SERVICE_TYPES } from './schema-service.ts';
import { keysAt, markAt, nodeAt, type SourceNode } from './source-tree.ts';

const NOT_AVAILABLE = 'is not available in this version';

export interface Unavailable {
  /** What the schema need not look at any more. */
  readonly paths: readonly KeyPath[];
  readonly problems: readonly Problem[];
}

/** What is documented but not there yet gets its own message, instead of "unknown key". */
export function findUnavailable(root: SourceNode): Unavailable {
  const paths: KeyPath[] = [];
  const problems: Problem[] = [];
  for (const name of keysAt(root, ['services'])) {
    const path = ['services', name, 'type'];
    const type = textAt(root, path);
    if (type === undefined || !FUTURE_SERVICE_TYPES.includes(type)) continue;
    paths.push(['services', name]);
    problems.push(problemAt(markAt(root, path), path, `type "${type}" ${NOT_AVAILABLE}`));
  }
  return { paths, problems };
}

function textAt(root: SourceNode, path: KeyPath): string | undefined {
  const node = nodeAt(root, path);
  return node?.kind === 'scalar' ? node.text : undefined;
}
