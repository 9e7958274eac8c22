import type { ConsolePage } from '../console-page.ts';
import type { ConsolePorts } from '../console-ports.ts';
import { accessPage } from './access-review/access-page.ts';
import { candidatePage } from './candidate-page.ts';
import { decisionsPage } from './decisions/decisions-page.ts';
import { deployTokensPage } from './deploy-tokens.ts';
import { explainPage } from './explain/explain-page.ts';
import { overviewPage } from './overview/overview.ts';
import { revocationsPage } from './revocations/revocations.ts';

/** The navigation, in this order. A page is added here and nowhere else. */
export function consolePages(ports: ConsolePorts): readonly ConsolePage[] {
  const { policy, log } = ports;
  return [
    overviewPage(ports),
    decisionsPage(policy, log),
    accessPage(policy),
    explainPage(policy),
    candidatePage(policy),
    deployTokensPage(ports),
    revocationsPage(ports),
  ];
}
