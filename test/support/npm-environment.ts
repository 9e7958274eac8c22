/** The environment of npm, pnpm and yarn 1: a separate home, and none of the settings of the machine's npmrc files. */
export function npmEnvironment(home: string, caFile?: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: home,
    // A `cafile` of the global npmrc takes precedence over NODE_EXTRA_CA_CERTS.
    npm_config_globalconfig: '/dev/null',
    npm_config_update_notifier: 'false',
    ...(caFile !== undefined && { NODE_EXTRA_CA_CERTS: caFile }),
  };
}
