import type { RecordedRequest, ReplayedRequest } from '../../app/tools.ts';
import { MalformedLines, readAuditEvents, requireFiles } from '../audit-events.ts';
import { text, type Values } from '../command.ts';
import { readConfiguration } from '../configuration.ts';
import { inspectGateway } from '../inspect.ts';
import { EXIT, type ExitCode, type Terminal } from '../terminal.ts';
import { jsonReport, textReport, type ReplayReport, type ReplayTotals } from './replay-reports.ts';

export async function runReplay(
  values: Values,
  terminal: Terminal,
  operands: readonly string[],
): Promise<ExitCode> {
  const files = requireFiles(operands);
  const config = await readConfiguration(values, terminal);
  const recordedWith = text(values, 'recorded-with');
  const before =
    recordedWith === undefined ? undefined : await readConfiguration({ config: recordedWith }, terminal);
  const report = values['json'] === true ? jsonReport(terminal) : textReport(terminal);
  const totals = await inspectGateway(config, (gateway) =>
    replayFiles(files, gateway.replay(before), { report, malformed: new MalformedLines(terminal) }),
  );
  report.end(totals);
  return totals.flips === 0 ? EXIT.done : EXIT.failed;
}

async function replayFiles(
  files: readonly string[],
  replay: (request: RecordedRequest) => ReplayedRequest,
  { report, malformed }: { readonly report: ReplayReport; readonly malformed: MalformedLines },
): Promise<ReplayTotals> {
  let [events, flips, notEvaluated] = [0, 0, 0];
  const reasons = new Map<string, number>();
  const skip = (detail: string): void => {
    notEvaluated += 1;
    const reason = reasons.has(detail) || reasons.size < MAX_REASONS ? detail : 'other reasons';
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  };

  await readAuditEvents(files, {
    event(event) {
      events += 1;
      const result = event.kind === 'unusable' ? event : replay(event);
      switch (result.kind) {
        case 'same':
          return;
        case 'flip':
          flips += 1;
          return report.flip(event as RecordedRequest, result);
        case 'unusable':
        case 'not-evaluated':
          return skip(result.detail);
        default:
          return result satisfies never;
      }
    },
    malformed: (line) => malformed.add(line),
  });
  malformed.finish(events);
  const listed = [...reasons].map(([reason, count]) => ({ reason, events: count }));
  return { events, flips, notEvaluated, reasons: listed.toSorted((a, b) => b.events - a.events) };
}

/** Some reasons contain a name of the log. */
const MAX_REASONS = 100;
