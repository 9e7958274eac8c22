import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Problem } from '../../config/index.ts';
import type { OnlineCheck } from '../../app/tools.ts';
import { VERSION } from '../version.ts';

/** Formats problems as a log of SARIF 2.1.0 (OASIS), for code scanning and editors. */
export function formatSarif(
  problems: readonly Problem[],
  online: readonly OnlineCheck[],
  configuration: string,
): string {
  const results = [
    ...problems.map((problem) => result(problem, problem.rule, problem)),
    ...online.flatMap(({ name, ok, detail, warning }) => {
      const message = ok ? warning : detail;
      if (message === undefined) return [];
      const severity = ok ? 'warning' : 'error';
      // A SARIF viewer shows only results with a position, and an online check has none.
      const place = { file: configuration, line: 1, column: 1 };
      return [result({ path: name, message, severity }, 'online', place)];
    }),
  ];
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].map((id) => ({ id, name: id }));
  const driver = { name: 'gatehouse check', version: VERSION, rules };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    // Columns of a problem are UTF-16 code units, as in the parser of the configuration.
    runs: [{ tool: { driver }, columnKind: 'utf16CodeUnits', results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

function result(
  { path, message, severity }: Pick<Problem, 'path' | 'message' | 'severity'>,
  rule: string,
  { file, line, column }: Place,
) {
  return {
    ruleId: rule,
    level: severity,
    message: { text: path === '' ? message : `${path}: ${message}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: uriOf(file) },
          region: { startLine: Math.max(line, 1), startColumn: Math.max(column, 1) },
        },
      },
    ],
  };
}

/** Relative to the working directory, the root of the repository in a pipeline; otherwise a file URL. */
function uriOf(file: string): string {
  const inside = relative(resolve(), resolve(file));
  if (inside === '' || inside.startsWith('..') || isAbsolute(inside)) return pathToFileURL(file).href;
  return inside.split(sep).map(encodeURIComponent).join('/');
}
