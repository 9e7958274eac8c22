import type { ConsolePage } from '../console-page.ts';
import type { ConsolePorts } from '../console-ports.ts';
import { deployTokensPage } from './deploy-tokens.ts';
import { overviewPage } from './overview/overview.ts';
import { revocationsPage } from './revocations/revocations.ts';

/** The navigation, in this order. A page is added here and nowhere else. */
export function consolePages(ports: ConsolePorts): readonly ConsolePage[] {
  return [overviewPage(ports), deployTokensPage(ports), revocationsPage(ports)];
}
