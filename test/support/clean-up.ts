import { afterEach, onTestFinished, TestRunner } from 'vitest';

/** Registers resources that are closed in reverse order after each test, whether it passes or fails. */
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

/** Closes the resource when the current test finishes; does nothing outside a test. */
export function closeAfterTest(resource: { close(): unknown }): void {
  if (TestRunner.getCurrentTest() === undefined) return;
  onTestFinished(async () => {
    await resource.close();
  });
}
