import { toDraft, type Draft } from '../model/draft.ts';
import type { KeyPath } from '../problems/key-path.ts';
import { removeAt, replaceAt, toPlain, type PlainMapping } from './plain-value.ts';
import { misnamesSection, schemaProblems, type Issue } from '../problems/schema-problems.ts';
import { configSchema } from '../schema/schema.ts';
import { nodeAt, type MappingNode } from './source-tree.ts';
import type { Problem } from '../problems/problem.ts';

export interface Validated {
  /**
   * The value without the entries that the schema refuses, so that the rules can check the rest. Undefined if a section
   * is missing because of its name.
   */
  readonly draft: Draft | undefined;
  /** No entry was refused. */
  readonly whole: boolean;
  readonly problems: readonly Problem[];
}

/** Validates the tree against the schema. */
export function validate(root: MappingNode): Validated {
  const plain = { ...(toPlain(root) as PlainMapping), version: 1 };

  const first = configSchema.safeParse(plain);
  if (first.success) return { draft: toDraft(root, first.data), whole: true, problems: [] };

  const again = restoreText(root, plain, first.error.issues) ? configSchema.safeParse(plain) : first;
  if (again.success) return { draft: toDraft(root, again.data), whole: true, problems: [] };

  const { issues } = again.error;
  const problems = schemaProblems(root, issues);
  if (misnamesSection(root, issues)) return { draft: undefined, whole: false, problems };
  prune(plain, issues);
  const rest = configSchema.safeParse(plain);
  return { draft: rest.success ? toDraft(root, rest.data) : undefined, whole: false, problems };
}

/** An expanded variable such as `12345` stays text where the schema requires text, such as a password. */
function restoreText(root: MappingNode, plain: PlainMapping, issues: readonly Issue[]): boolean {
  let restored = false;
  for (const issue of issues) {
    const path = issue.path as KeyPath;
    const node = nodeAt(root, path);
    if (node?.kind !== 'scalar' || !node.expanded || typeof node.value === 'string') continue;
    replaceAt(plain, path, node.text);
    restored = true;
  }
  return restored;
}

function prune(plain: PlainMapping, issues: readonly Issue[]): void {
  for (const issue of issues) {
    const path = issue.path as KeyPath;
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) removeAt(plain, [...path, key]);
    } else {
      removeAt(plain, path.slice(0, 2));
    }
  }
}
