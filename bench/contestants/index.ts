import type { Contestant } from './contestant.ts';
import { envoy, envoyWithCache } from './envoy.ts';
import { gatehouse } from './gatehouse.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { undici } from './undici.ts';

export const CONTESTANT_NAMES = ['nginx', 'haproxy', 'envoy', 'envoy-cache', 'undici', 'gatehouse'] as const;

export type ContestantName = (typeof CONTESTANT_NAMES)[number];

export const CONTESTANTS: Readonly<Record<ContestantName, Contestant>> = {
  nginx,
  haproxy,
  envoy,
  'envoy-cache': envoyWithCache,
  undici,
  gatehouse,
};
