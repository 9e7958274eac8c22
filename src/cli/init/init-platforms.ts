import { CI_PLATFORMS } from './ci-platforms.ts';
import type { InitPlatform } from './init-platform.ts';
import { WORKLOAD_PLATFORMS } from './workload-platforms.ts';

/** The systems that issue tokens, other than GitLab and GitHub. */
export const INIT_PLATFORMS: readonly InitPlatform[] = [...CI_PLATFORMS, ...WORKLOAD_PLATFORMS];
