import { writeFileSync } from 'node:fs';
import type { OnlineCheck } from '../../app/tools.ts';
import type { LoadResult } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { required, text, type Command, type Values } from '../command.ts';
import { CONFIG_OPTION, listProblems } from '../configuration.ts';
import { formatSarif } from './sarif.ts';
import { inspectGateway } from '../inspect.ts';
import { EXIT } from '../terminal.ts';
import { reportWorkloads, workloadLines } from './workload-lines.ts';
import { counted } from '../../util/text/counted.ts';

export const checkCommand: Command = {
  summary: 'check a configuration and report all problems',
  help: `
Loads the configuration as "serve" does. Prints every error, warning and note with its position, the definition of
each workload identity, and a summary.
Exit code: 0 valid (warnings allowed, unless --fail-on warning is given); 1 errors, or with --online an issuer, an
upstream, an upstream credential or a store that cannot be used.

  gatehouse check --config /etc/gatehouse
  gatehouse check --config gatehouse.yaml --online --json
  gatehouse check --config gatehouse.yaml --fail-on warning --sarif gatehouse.sarif`,
  options: {
    ...CONFIG_OPTION,
    online: {
      type: 'boolean',
      help: 'Also fetch the keys of every issuer, send a request to every upstream, obtain its credentials and check the store.',
    },
    'fail-on': {
      type: 'string',
      value: 'LEVEL',
      help: 'error (default), or warning: exit with 1 for warnings too.',
    },
    json: { type: 'boolean', help: 'Print JSON: {ok, problems, warnings, workloadIdentities, online}.' },
    sarif: {
      type: 'string',
      value: 'FILE',
      help: 'Also write the problems as SARIF 2.1.0, for code scanning.',
    },
  },
  async run(values, terminal) {
    const path = required(values, 'config');
    const failOn = readFailOn(values);
    const { loadConfig } = await import('../../config/index.ts');
    const result = loadConfig(path, terminal.env);
    const problems = result.kind === 'loaded' ? [] : result.problems;
    const workloads = result.kind === 'loaded' ? reportWorkloads(result.config) : [];
    const online =
      result.kind === 'loaded' && values['online'] === true
        ? await inspectGateway(result.config, (gateway) => gateway.check())
        : undefined;
    const counts = countProblems(result, online ?? []);
    const ok = counts.errors === 0 && (failOn === 'error' || counts.warnings === 0);
    const sarif = text(values, 'sarif');
    if (sarif !== undefined)
      writeReport(sarif, formatSarif([...problems, ...result.warnings], online ?? [], path));
    if (values['json'] === true) {
      const report = { ok, problems, warnings: result.warnings, workloadIdentities: workloads, online };
      terminal.out(`${JSON.stringify(report, null, 2)}\n`);
    } else {
      terminal.out(listProblems([...problems, ...result.warnings]));
      terminal.out(workloadLines(workloads));
      terminal.out((online ?? []).map(onlineLines).join(''));
      terminal.out(summary(path, result, counts, ok));
    }
    return ok ? EXIT.done : EXIT.failed;
  },
};

function readFailOn(values: Values): 'error' | 'warning' {
  const level = text(values, 'fail-on') ?? 'error';
  if (level === 'error' || level === 'warning') return level;
  throw new GatehouseError('usage', `--fail-on is "${level}"; write error or warning`);
}

interface Counts {
  readonly errors: number;
  readonly warnings: number;
}

function countProblems(result: LoadResult, online: readonly OnlineCheck[]): Counts {
  const warnings = result.warnings.filter(({ severity }) => severity === 'warning');
  return {
    errors: (result.kind === 'loaded' ? 0 : result.problems.length) + online.filter(({ ok }) => !ok).length,
    warnings: warnings.length + online.filter(({ warning }) => warning !== undefined).length,
  };
}

function onlineLines({ name, ok, detail, warning }: OnlineCheck): string {
  const line = `${ok ? 'ok' : 'error'}: ${name}: ${detail}\n`;
  return warning === undefined ? line : `${line}warning: ${name}: ${warning}\n`;
}

function summary(path: string, result: LoadResult, { errors, warnings }: Counts, ok: boolean): string {
  const found = `${errors === 0 ? '' : `${counted(errors, 'error')}, `}${counted(warnings, 'warning')}`;
  if (result.kind === 'invalid') return `failed: ${path}: ${found}\n`;
  const { files, issuers, identities, services } = result.config;
  const where = files.length === 1 ? (files[0] ?? path) : `${files.length} files`;
  const sections = [
    counted(issuers.length, 'issuer'),
    counted(identities.length, 'identity', 'identities'),
    counted(services.length, 'service'),
  ];
  return `${ok ? 'ok' : 'failed'}: ${where}: ${sections.join(', ')}, ${found}\n`;
}

function writeReport(file: string, content: string): void {
  try {
    writeFileSync(file, content);
  } catch (cause) {
    const code = (cause as { code?: string }).code ?? 'unknown';
    throw new GatehouseError('usage', `--sarif ${file} cannot be written (${code})`, { cause });
  }
}
