import type { CST, Document } from 'yaml';
import { problemAt, type Mark, type Problem } from '../problems/problem.ts';
import type { Source } from './read-sources.ts';
import { yamlErrorMessage } from './yaml-error.ts';
import { yamlPackage } from './yaml-package.ts';

export const MAX_DEPTH = 32;

export interface YamlDocument {
  /** Undefined if the file contains no usable value. */
  readonly document: Document.Parsed | undefined;
  readonly problems: readonly Problem[];
  readonly markAt: (offset: number) => Mark;
}

/**
 * Parses the file as one YAML 1.2 document. The parser keeps its own stack, but the composer recurses: nesting is
 * bounded between the two steps, so that no file can exhaust the call stack.
 */
export function parseYaml({ file, text }: Source): YamlDocument {
  const { Composer, Lexer, LineCounter, Parser } = yamlPackage();
  const lines = new LineCounter();
  const markAt = (offset: number): Mark => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const refuse = (offset: number, message: string): YamlDocument => ({
    document: undefined,
    problems: [problemAt(markAt(offset), [], message)],
    markAt,
  });

  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  const control = text.search(CONTROL);
  if (control !== -1) return refuse(control, 'holds a control character; is this a text file?');

  const tokens: CST.Token[] = [];
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH + 1 && depthOf(parser.stack) > MAX_DEPTH) {
      return refuse(parser.offset, `is nested deeper than ${MAX_DEPTH} levels`);
    }
  }
  for (const token of parser.end()) tokens.push(token);

  // A %YAML directive could enable the rules of YAML 1.1, where `no` is false and `<<` merges.
  const directive = tokens.find((token) => token.type === 'directive');
  if (directive !== undefined) return refuse(directive.offset, yamlErrorMessage('BAD_DIRECTIVE'));

  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    keepSourceTokens: false,
  });
  const documents = [...composer.compose(tokens, false, text.length)];
  const [document, second] = documents;
  if (second !== undefined) return refuse(second.range[0], yamlErrorMessage('MULTIPLE_DOCS'));
  const problems = document === undefined ? [] : errorsOf(document, text, markAt);
  if (problems.length === 0 && (document === undefined || isEmpty(document))) {
    return refuse(0, 'is empty: a configuration starts with "version: 1"');
  }
  return { document, problems, markAt };
}

function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (yamlPackage().isScalar(contents) && contents.value === null);
}

/** YAML 1.2 §5.1 allows no C0 controls except tab and line ends; other controls indicate a binary file. */
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

function depthOf(stack: readonly CST.Token[]): number {
  return stack.filter(
    ({ type }) => type === 'block-map' || type === 'block-seq' || type === 'flow-collection',
  ).length;
}

/** Reports the first error only, because later errors usually follow from it. */
function errorsOf(document: Document.Parsed, text: string, markAt: (offset: number) => Mark): Problem[] {
  const [first] = document.errors;
  if (first === undefined) return [];
  const start = text.lastIndexOf('\n', first.pos[0] - 1) + 1;
  const line = text.slice(start).split('\n', 1)[0] ?? '';
  const advice = /[{[].*[^"']\$\{/.test(line)
    ? '; inside {…} and […] put variables in quotes: "${NAME}"'
    : '';
  return [problemAt(markAt(first.pos[0]), [], yamlErrorMessage(first.code) + advice)];
}
