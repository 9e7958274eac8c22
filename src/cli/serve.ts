import { loadConfigOffThread, activeVersions, watchConfig, type Config } from '../config/serving.ts';
import { required, type Command } from './command.ts';
import { acceptConfiguration, CONFIG_OPTION } from './configuration.ts';
import { EXIT } from './terminal.ts';
import { VERSION } from './version.ts';

export const serveCommand: Command = {
  summary: 'run the gateway',
  help: `
Runs the gateway until SIGTERM or SIGINT. It then reports "not ready", stops accepting connections after
server.limits.drainDelay, finishes requests in flight within server.limits.drain, and exits with 0. A second signal
aborts requests in flight.
The configuration is reloaded when it changes and on SIGHUP, which also reopens the audit file. A reload is atomic: an
invalid configuration has no effect.
The application log goes to stderr, audit and access logs to stdout (see "audit" and "logs" in the configuration).
Exit code: 0 after a signal, 1 the gateway could not start, 2 invalid usage or configuration.

  gatehouse serve --config /etc/gatehouse`,
  options: CONFIG_OPTION,
  async run(values, terminal) {
    const path = required(values, 'config');
    // The watch starts before the first read, so that no change is missed.
    const watch = watchConfig(path);
    const [result, { build }] = await Promise.all([
      loadConfigOffThread(path, terminal.env),
      import('../app/build.ts'),
    ]);
    const config = acceptConfiguration(path, result, terminal);
    let { delegated } = config;
    const reload = async (active: Config) => {
      const next = await loadConfigOffThread(path, terminal.env, activeVersions(active.delegated));
      if (next.kind === 'loaded') delegated = next.config.delegated;
      return next;
    };
    const gateway = await build(config, { version: VERSION, env: terminal.env });
    // A fault in one request must not end the process and with it the other requests.
    terminal.onUncaught((error) => {
      const name = error instanceof Error ? error.name : typeof error;
      const frames = error instanceof Error ? error.stack?.split('\n').slice(1, 6).join(' | ') : undefined;
      gateway.log.error('uncaught exception', { error: name, frames });
    });
    const stopped = terminal.stopSignal();
    terminal.onReloadSignal(() => {
      gateway.reopenLogs();
      watch.now();
    });
    await gateway.start().catch((cause: unknown) => {
      terminal.endWithin(MAX_EXIT_DELAY);
      throw cause;
    });
    watch.start(
      () => gateway.reload(reload),
      (code) => gateway.log.warn('the configuration cannot be watched; it is polled for changes', { code }),
      () => delegated,
    );
    await stopped;
    const secondSignal = terminal.stopSignal();
    watch.close();
    gateway.log.info('stopping: finishing requests in flight; a second signal aborts them');
    await gateway.drain(secondSignal);
    await gateway.stop(secondSignal);
    gateway.log.info('stopped');
    terminal.endWithin(MAX_EXIT_DELAY);
    return EXIT.done;
  },
};

/** Milliseconds between the last step of the shutdown and the end of the process. */
const MAX_EXIT_DELAY = 200;
