import type { RecordedRequest, Suggestion } from '../../app/build.ts';
import { printable } from '../../config/index.ts';
import { GatehouseError } from '../../core/errors.ts';
import { MalformedLines, readAuditEvents, requireFiles } from '../audit-events.ts';
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
  let events = 0;
  const suggestion = await inspectGateway(config, async (gateway) => {
    const suggest = gateway.suggest(before);
    await readAuditEvents(files, {
      event(event) {
        events += 1;
        if (event.kind === 'unusable') return;
        if (selected(event)) suggest.add(event);
      },
      malformed: (line) => malformed.add(line),
    });
    return suggest.finish();
  });
  malformed.finish(events);
  terminal.out(
    formatSuggestion(suggestion, (section, name) => {
      const mark = positionOf([section, name]);
      return mark && `${mark.file}:${mark.line}`;
    }),
  );
  terminal.err(summary(suggestion));
  return EXIT.done;
}

function summary({ covered, skipped }: Suggestion): string {
  const lines = [...skipped].map(([reason, count]) => `not covered: ${count} × ${printable(reason)}\n`);
  return `${covered} denied or shadowed requests are allowed by these additions\n${lines.join('')}`;
}
