import { authorizer } from './authorizer.ts';
import { bodies } from './bodies.ts';
import { connections } from './connections.ts';
import { credentials } from './credentials.ts';
import { largePolicy } from './large-policy.ts';
import { latency } from './latency.ts';
import { npm } from './npm.ts';
import { cached, newTokens } from './requests.ts';
import type { Scenario } from './scenario.ts';
import { start } from './start.ts';

export const SCENARIO_NAMES = [
  'cached',
  'new-tokens',
  'credentials',
  'large-policy',
  'bodies',
  'latency',
  'authorizer',
  'npm',
  'connections',
  'start',
] as const;

export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  cached,
  'new-tokens': newTokens,
  credentials,
  'large-policy': largePolicy,
  bodies,
  latency,
  authorizer,
  npm,
  connections,
  start,
};
