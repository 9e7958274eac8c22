import { build } from '../app/build.ts';
import { loadConfig, watchConfig } from '../config/index.ts';
import { required, type Command } from './command.ts';
import { CONFIG_OPTION, readConfiguration } from './configuration.ts';
import { EXIT } from './terminal.ts';
import { VERSION } from './version.ts';

export const serve: Command = {
  summary: 'run the gateway',
  help: `
Runs the gateway until SIGTERM or SIGINT; then it is not ready any more, stops accepting after
server.limits.drainDelay, finishes what is in flight within server.limits.drain and exits with 0. A second signal
cuts what is in flight.
The configuration is read again when it changes and at SIGHUP; one that cannot be used changes nothing.
The application log goes to stderr, audit and access logs to stdout (see audit and logs in the configuration).

  gatehouse serve --config /etc/gatehouse`,
  options: CONFIG_OPTION,
  async run(values, terminal) {
    const path = required(values, 'config');
    // Before it is read, so that no change falls between.
    const watch = watchConfig(path);
    const config = readConfiguration(values, terminal);
    const gateway = build(config, { version: VERSION });
    // The last resort: a fault in one request must not end the others.
    terminal.onUncaught((error) => {
      const name = error instanceof Error ? error.name : typeof error;
      const frames = error instanceof Error ? error.stack?.split('\n').slice(1, 6).join(' | ') : undefined;
      gateway.log.error('uncaught', { error: name, frames });
    });
    const stopped = terminal.stopSignal();
    terminal.onReloadSignal(() => watch.now());
    await gateway.start();
    watch.start(
      () => gateway.reload(() => loadConfig(path, terminal.env)),
      (code) => gateway.log.warn('changes of the configuration are only polled for', { code }),
    );
    await stopped;
    const again = terminal.stopSignal();
    watch.close();
    gateway.log.info('stopping: finishing what is in flight; another signal cuts it');
    await gateway.drain(again);
    await gateway.stop(again);
    gateway.log.info('stopped');
    return EXIT.done;
  },
};
