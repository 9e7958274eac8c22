import { afterEach } from 'vitest';

/** What a test has opened, closed after it in reverse order, whether it passed or not. */
export function cleanUp(): <T extends { close(): unknown }>(resource: T) => T {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const resource of open.splice(0).reverse()) await resource.close();
  });
  return (resource) => {
    open.push(resource);
    return resource;
  };
}
