import type { ConsolePage } from '../console-page.ts';
import type { ConsolePorts } from '../console-ports.ts';
import { overviewPage } from './overview.ts';

/** The navigation, in this order. A page is added here and nowhere else. */
export function consolePages(ports: ConsolePorts): readonly ConsolePage[] {
  return [overviewPage(ports)];
}
