import type { KeyPath } from './key-path.ts';
import { problemAt, type Problem } from './problem.ts';
import { childOf, keysAt, markAt, nodeAt, type SourceNode } from './source-tree.ts';

const NOT_AVAILABLE = 'is not available in this version';

/** Keys that the documentation of later versions has; `*` is any name. */
const UNAVAILABLE_KEYS: readonly KeyPath[] = [['workloadIdentities'], ['services', '*', 'trustedPublishing']];

export interface Unavailable {
  /** What the schema need not look at any more. */
  readonly paths: readonly KeyPath[];
  readonly problems: readonly Problem[];
}

/** What is documented but not there yet gets its own message, instead of "unknown key". */
export function findUnavailable(root: SourceNode): Unavailable {
  const paths: KeyPath[] = [];
  const problems: Problem[] = [];
  for (const pattern of UNAVAILABLE_KEYS) {
    for (const path of expand(root, pattern)) {
      paths.push(path);
      problems.push(problemAt(markAt(root, path, 'key'), path, NOT_AVAILABLE));
    }
  }
  for (const name of keysAt(root, ['identities'])) {
    const via = nodeAt(root, ['identities', name, 'via']);
    if (via?.kind !== 'list') continue;
    for (const index of via.items.keys()) {
      const path = ['identities', name, 'via', index];
      const credential = textAt(root, path);
      if (credential === undefined || !UNAVAILABLE_CREDENTIALS.has(credential)) continue;
      problems.push(problemAt(markAt(root, path), path, `"${credential}" ${NOT_AVAILABLE}`));
    }
  }
  return { paths, problems };
}

const UNAVAILABLE_CREDENTIALS: ReadonlySet<string> = new Set(['access_token']);

function textAt(root: SourceNode, path: KeyPath): string | undefined {
  const node = nodeAt(root, path);
  return node?.kind === 'scalar' ? node.text : undefined;
}

function expand(root: SourceNode, pattern: KeyPath): KeyPath[] {
  let found: { path: KeyPath; node: SourceNode }[] = [{ path: [], node: root }];
  for (const part of pattern) {
    found = found.flatMap(({ path, node }) =>
      (part === '*' ? keysAt(node, []) : [part]).flatMap((key) => {
        const child = childOf(node, key);
        return child === undefined ? [] : [{ path: [...path, key], node: child }];
      }),
    );
  }
  return found.map(({ path }) => path);
}
