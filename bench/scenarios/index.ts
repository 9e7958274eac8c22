import { bodies } from './bodies.ts';
import { credentials } from './credentials.ts';
import { largePolicy } from './large-policy.ts';
import { cached, newTokens } from './requests.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIO_NAMES = ['cached', 'new-tokens', 'credentials', 'large-policy', 'bodies'] as const;

export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  cached,
  'new-tokens': newTokens,
  credentials,
  'large-policy': largePolicy,
  bodies,
};
