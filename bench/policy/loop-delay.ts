// Preloaded into the gateway: reports the longest delay of its event loop since the last question.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';

const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
process.on('message', () => {
  process.send?.({ milliseconds: delays.max / 1e6 });
  delays.reset();
});
process.channel?.unref();
