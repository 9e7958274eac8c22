import type { Gateway } from '../app/build.ts';
import type { Config } from '../config/index.ts';
import { VERSION } from './version.ts';

/** Builds a gateway that serves no requests, and stops it after `use`. Its modules are loaded on demand. */
export async function inspectGateway<T>(config: Config, use: (gateway: Gateway) => Promise<T>): Promise<T> {
  const { build } = await import('../app/build.ts');
  const gateway = await build(config, { version: VERSION, inspect: true });
  try {
    return await use(gateway);
  } finally {
    await gateway.stop();
  }
}
