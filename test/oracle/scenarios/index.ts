import type { Scenario } from '../scenario.ts';
import { HOSTILE } from './hostile.ts';
import { GUESSING, REPLAY, SMALL_HEADS, STALLS } from './limits.ts';
import { REVOCATION } from './revocation.ts';
import { SERVICE_TYPE_SCENARIOS } from './service-types.ts';
import { SETTINGS } from './settings/scenario.ts';
import { TOKEN_SERVICE } from './token-service/scenario.ts';
import { UPSTREAM_CREDENTIALS } from './upstream-credentials.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...SERVICE_TYPE_SCENARIOS,
  HOSTILE,
  TOKEN_SERVICE,
  UPSTREAM_CREDENTIALS,
  REVOCATION,
  SETTINGS,
  GUESSING,
  SMALL_HEADS,
  REPLAY,
  STALLS,
];
