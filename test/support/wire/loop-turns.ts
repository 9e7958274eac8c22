/**
 * Waits for some turns of the event loop. The gateway of a scenario runs in this process, so it reads on loopback what
 * was written before, and two writes with turns between them are two reads.
 */
export async function loopTurns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
