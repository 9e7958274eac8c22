import { accessMatrix, listAccess } from '../../app/tools.ts';
import { scopesOfService, type Config } from '../../config/index.ts';
import type { AccessEntry } from '../../core/records/access-entry.ts';
import { deployTokenIdentity } from '../../core/credentials/deploy-token.ts';
import { GatehouseError } from '../../core/errors.ts';
import { formatCsv, formatTable } from './access-tables.ts';
import { text, type Values } from '../command.ts';
import { readWithPositions } from '../configuration.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';

/** An entry of the output: an `AccessEntry` with the position of its rule. */
export type LocatedAccess = Omit<AccessEntry, 'rule'> & { readonly source: string };

/** Runs `gatehouse access`. */
export async function runAccessCommand(values: Values, terminal: Terminal): Promise<ExitCode> {
  const { config, positionOf } = await readWithPositions(values, terminal);
  const query = queryOf(config, values);
  const entries = listAccess(config, query).map(({ rule, ...entry }): LocatedAccess => {
    const mark = positionOf(rule) ?? positionOf(rule.slice(0, 2));
    return { ...entry, source: mark === undefined ? rule.join('.') : `${mark.file}:${mark.line}` };
  });
  const rows = values['matrix'] === true ? matrixOf(entries) : undefined;
  if (values['json'] === true)
    terminal.out(`${JSON.stringify(rows === undefined ? entries : objectsOf(rows), null, 2)}\n`);
  else if (values['csv'] === true) terminal.out(formatCsv(rows ?? tableOf(entries)));
  else if (entries.length === 0)
    terminal.out('no identity, deploy token or anonymous rule has this access\n');
  else terminal.out(rows === undefined ? listOf(entries) : formatTable(rows));
  return EXIT.done;
}

function queryOf(config: Config, values: Values) {
  const identity = text(values, 'identity');
  const query = {
    service: text(values, 'service'),
    resource: text(values, 'resource'),
    scope: text(values, 'scope'),
    identities: identity === undefined ? undefined : new Set([identity]),
  };
  if (values['csv'] === true && values['json'] === true)
    throw new GatehouseError('usage', '--csv and --json are mutually exclusive');
  if (query.resource !== undefined && query.service === undefined)
    throw new GatehouseError('usage', '--resource requires --service');
  requireName(
    '--service',
    query.service,
    config.services.map(({ name }) => name),
  );
  requireName('--scope', query.scope, [
    ...new Set(
      config.services
        .filter(({ name }) => query.service === undefined || name === query.service)
        .flatMap(scopesOfService),
    ),
  ]);
  requireName('--identity', identity, [
    ...config.identities.map(({ name }) => name),
    ...config.deployTokens.map(({ name }) => deployTokenIdentity(name)),
  ]);
  return query;
}

function requireName(option: string, name: string | undefined, known: readonly string[]): void {
  if (name === undefined || known.includes(name)) return;
  const names = known.length === 0 ? 'it has none' : `use one of: ${known.slice(0, 20).join(', ')}`;
  throw new GatehouseError('usage', `${option} ${name} is not in the configuration; ${names}`);
}

const COLUMNS = ['kind', 'name', 'conditions', 'service', 'scope', 'resource', 'source'] as const;

function tableOf(entries: readonly LocatedAccess[]): readonly (readonly string[])[] {
  return [
    COLUMNS,
    ...entries.map((entry) =>
      COLUMNS.map((key) => (key === 'conditions' ? entry.conditions.join('; ') : entry[key])),
    ),
  ];
}

/** One block per holder of access. */
function listOf(entries: readonly LocatedAccess[]): string {
  const blocks = Map.groupBy(entries, ({ kind, name, conditions }) =>
    JSON.stringify([kind, name, conditions]),
  );
  return [...blocks.values()]
    .map((block) => {
      const [first] = block;
      if (first === undefined) return '';
      const title =
        first.kind === 'anonymous' ? 'anonymous' : `${first.kind.replace('_', ' ')} ${first.name}`;
      const rows = block.map(({ service, scope, resource, source }) => [
        `  ${service}`,
        scope,
        resource,
        source,
      ]);
      return `${title}\n${first.conditions.map((each) => `  if ${each}\n`).join('')}${formatTable(rows)}`;
    })
    .join('\n');
}

function matrixOf(entries: readonly LocatedAccess[]): readonly (readonly string[])[] {
  const { services, rows } = accessMatrix(entries);
  return [
    ['identity', ...services],
    ...rows.map(({ name, scopes }) => [name, ...scopes.map((each) => each.join(' '))]),
  ];
}

function objectsOf([header = [], ...rows]: readonly (readonly string[])[]): readonly object[] {
  return rows.map((row) => Object.fromEntries(header.map((key, column) => [key, row[column] ?? ''])));
}
