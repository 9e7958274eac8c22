import type { RecordedRequest, Suggestion } from '../../app/tools.ts';
import { printable } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { MalformedLines, readAuditEvents, requireFiles } from '../audit-events.ts';
import { counted } from '../../util/text/counted.ts';
import { text, type Values } from '../command.ts';
import { readConfiguration, readWithPositions } from '../configuration.ts';
import { inspectGateway } from '../inspect.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { formatSuggestion } from './suggestion-yaml.ts';

export async function runSuggest(
  values: Values,
  terminal: Terminal,
  operands: readonly string[],
): Promise<ExitCode> {
  const files = requireFiles(operands);
  const [identity, service] = [text(values, 'identity'), text(values, 'service')];
  if (identity === undefined && service === undefined)
    throw new GatehouseError('usage', 'select events with --identity or --service');
  const { config, positionOf } = await readWithPositions(values, terminal);
  const recordedWith = text(values, 'recorded-with');
  const before =
    recordedWith === undefined ? undefined : await readConfiguration({ config: recordedWith }, terminal);
  const selected = (request: RecordedRequest): boolean =>
    (identity === undefined || request.identity === identity) &&
    (service === undefined || request.service === service);

  const malformed = new MalformedLines(terminal);
  let [events, matched] = [0, 0];
  const suggestion = await inspectGateway(config, async (gateway) => {
    const suggest = gateway.suggest(before);
    await readAuditEvents(files, {
      event(event) {
        events += 1;
        if (event.kind === 'unusable') return;
        if (!selected(event)) return;
        matched += 1;
        suggest.add(event);
      },
      malformed: (line) => malformed.add(line),
    });
    return suggest.finish();
  });
  malformed.finish(events);
  if (matched === 0) {
    terminal.err(nothingSelected(identity, service));
    return EXIT.done;
  }
  terminal.out(
    formatSuggestion(suggestion, (section, name) => {
      const mark = positionOf([section, name]);
      return mark && `${mark.file}:${mark.line}`;
    }),
  );
  terminal.err(summary(suggestion));
  return EXIT.done;
}

function nothingSelected(identity: string | undefined, service: string | undefined): string {
  const names = Object.entries({ identity, service }).filter(([, name]) => name !== undefined);
  const selection = names.map(([key, name]) => `${key} "${printable(name ?? '')}"`).join(' and ');
  const hint = service === undefined ? '; requests that matched no identity: select with --service' : '';
  return `no request in the audit logs has ${selection}${hint}\n`;
}

function summary({ covered, skipped }: Suggestion): string {
  const lines = [...skipped].map(([reason, count]) => `not covered: ${count} × ${printable(reason)}\n`);
  const requests = counted(covered, 'denied or shadowed request');
  return `additions for ${requests}\n${lines.join('')}`;
}
