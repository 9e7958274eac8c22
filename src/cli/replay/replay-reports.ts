import type { RecordedRequest, ReplayedRequest } from '../../app/tools.ts';
import { printable } from '../../config/index.ts';
import { jsonText } from '../../util/json/text.ts';
import { counted } from '../../util/text/counted.ts';
import type { Terminal } from '../terminal.ts';

type Flip = Extract<ReplayedRequest, { kind: 'flip' }>;

/** Receives the results one by one, because an audit log can be larger than the memory. */
export interface ReplayReport {
  flip(request: RecordedRequest, flip: Flip): void;
  end(totals: ReplayTotals): void;
}

export interface ReplayTotals {
  readonly events: number;
  readonly flips: number;
  readonly notEvaluated: number;
  /** The most frequent first. */
  readonly reasons: readonly { readonly reason: string; readonly events: number }[];
}

/** One JSON document, whose flips are printed as they are found. */
export function jsonReport(terminal: Pick<Terminal, 'out'>): ReplayReport {
  let separator = '\n';
  terminal.out('{ "flips": [');
  return {
    flip({ requestId }, { from, to, reason }) {
      terminal.out(
        `${separator}    {"requestId":${jsonText(requestId)},"from":"${from}","to":"${to}","reason":"${reason}"}`,
      );
      separator = ',\n';
    },
    end({ events, notEvaluated, reasons }) {
      const close = separator === '\n' ? ']' : '\n  ]';
      terminal.out(
        `${close},\n  "events": ${events},\n  "notEvaluated": ${notEvaluated},\n` +
          `  "notEvaluatedReasons": ${JSON.stringify(reasons)}\n}\n`,
      );
    },
  };
}

interface Group {
  readonly text: string;
  readonly example: RecordedRequest;
  count: number;
}

/** Lines of flips that differ in the request id only are printed once. */
export function textReport(terminal: Pick<Terminal, 'out'>): ReplayReport {
  const groups = new Map<string, Group>();
  let ungrouped = 0;
  return {
    flip(request, flip) {
      const text = describeFlip(request, flip);
      const group = groups.get(text);
      if (group !== undefined) group.count += 1;
      else if (groups.size < MAX_GROUPS) groups.set(text, { text, example: request, count: 1 });
      else ungrouped += 1;
    },
    end({ events, flips, notEvaluated, reasons }) {
      const sorted = [...groups.values()].toSorted((a, b) => b.count - a.count);
      for (const { text, example, count } of sorted.slice(0, MAX_PRINTED))
        terminal.out(
          `${count} × ${printable(text)}\n    ${printable(`for example ${example.requestId} at ${example.time}`)}\n`,
        );
      const rest = sorted.slice(MAX_PRINTED).reduce((sum, { count }) => sum + count, ungrouped);
      if (rest > 0) terminal.out(`and ${rest} more flips; --json lists all\n`);
      terminal.out(`${counted(events, 'event')}, ${counted(flips, 'flip')}, ${notEvaluated} not evaluated\n`);
      for (const each of reasons) terminal.out(`  ${each.events} × ${printable(each.reason)}\n`);
    },
  };
}

const MAX_GROUPS = 10_000;
const MAX_PRINTED = 100;

function describeFlip(request: RecordedRequest, { from, to, reason, identity }: Flip): string {
  const { service = '', operations, identity: before } = request;
  const [first] = operations;
  const scopes = [...new Set(operations.map(({ scope }) => scope))].join('+');
  const more = operations.length > 1 ? ` and ${operations.length - 1} more` : '';
  const target =
    first === undefined
      ? 'a request'
      : `${scopes} on ${first.extent === 'one' ? JSON.stringify(first.resource) : first.extent}${more}`;
  const who =
    identity ?? before ?? (request.credential === undefined ? 'anonymous' : request.credential.subject);
  return `${from} → ${to} (${reason}): ${who}: ${service}: ${target}`;
}
