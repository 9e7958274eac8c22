/** Two nodes of an issuer that publish different key sets, behind one address. */
import { expect, test } from 'vitest';
import { A, B, rig, type Rig } from './key-set-rig.ts';

const MINUTE = 60_000;

/** Fetches the sets of the nodes in turn until the gateway has seen a key disappear and return. */
async function alternate({ set, source, clock }: Rig): Promise<void> {
  for (const keys of [[A], [B], [A], [B], [A]]) {
    source.answer = { keys };
    await set.refresh();
    clock.advance(MINUTE);
  }
}

test('keys that disappear and return stay usable with each set', async () => {
  const it = rig();
  await alternate(it);
  for (const keys of [[B], [A], [B], [A]]) {
    it.source.answer = { keys };
    await it.set.refresh();
    expect(await Promise.all([it.ask('a'), it.ask('b')])).toEqual(['1 key', '1 key']);
    it.clock.advance(MINUTE);
  }
});

test('the log reports it once', async () => {
  const it = rig();
  await alternate(it);
  await alternate(it);
  const warnings = it.log.lines.filter(({ level }) => level === 'warn');
  expect(warnings).toEqual([
    {
      level: 'warn',
      message: 'the nodes of the issuer publish different key sets',
      fields: { issuer: 'gitlab' },
    },
  ]);
});

test('an alternating key that is no longer published is usable for the refresh interval, then undecided, then unknown', async () => {
  const it = rig({ refresh: 10 * MINUTE, cooldown: 0, staleLimit: 60 * MINUTE });
  await alternate(it);
  it.source.answer = { keys: [B] };
  await it.set.refresh();
  const keys = await it.set.keysFor('a');
  const handle = 'kind' in keys ? undefined : keys[0];
  it.clock.advance(9 * MINUTE);
  await it.set.refresh();
  expect([await it.ask('a'), handle?.alive]).toEqual(['1 key', true]);
  it.clock.advance(MINUTE);
  await it.set.refresh();
  expect([await it.ask('a'), handle?.alive]).toEqual(['issuer_unavailable', false]);
  it.clock.advance(60 * MINUTE);
  await it.set.refresh();
  expect(await it.ask('a')).toBe('signature_invalid');
});

test('a key that never returned is withdrawn by the first set without it', async () => {
  const it = rig();
  it.source.answer = { keys: [A, B] };
  await it.set.refresh();
  it.source.answer = { keys: [B] };
  await it.set.refresh();
  expect(await it.ask('a')).toBe('signature_invalid');
});

test('a clock that is set back keeps no key that is not published', async () => {
  const it = rig();
  await alternate(it);
  it.clock.advance(-60 * MINUTE);
  it.source.answer = { keys: [B] };
  await it.set.refresh();
  expect(await it.ask('a')).not.toBe('1 key');
});
