import { expect, test } from 'vitest';
import { run } from '../../support/run.ts';

test('a different exit code shows the code and both streams', async () => {
  const outcome = await run('sh', ['-c', 'echo started; echo "port 1 is in use" >&2; exit 3']);
  expect(outcome).toExitWith(3);
  expect(() => expect(outcome).toExitWith(0)).toThrow(
    'exit code 3, expected 0\n\nstdout:\nstarted\n\n\nstderr:\nport 1 is in use\n',
  );
});

test('the end of a long output is shown', () => {
  const stderr = `${'x'.repeat(1_000_000)} the error`;
  const failure = (): void => expect({ code: 1, stderr }).toExitWith(0);
  expect(failure).toThrow(/ the error$/);
  expect(failure).not.toThrow(/x{20000}/);
});
