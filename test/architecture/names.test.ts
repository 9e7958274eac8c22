import { expect, test } from 'vitest';
import { readText, repositoryFiles } from '../support/repository.ts';

const EXPORT = /^export (?:async )?(?:function|class|interface|type|const) (\w+)/gm;

test('no two exported types, functions or constants of src/ share a name', async () => {
  const files = (await repositoryFiles()).filter((file) => /^src\/.*\.ts$/.test(file));
  const names = files.flatMap((file) =>
    [...readText(file).matchAll(EXPORT)].map(([, name]) => ({ name: name ?? '', file })),
  );
  const shared = [...Map.groupBy(names, ({ name }) => name)].filter(([, places]) => places.length > 1);
  expect(names.length).toBeGreaterThan(500);
  expect(shared.map(([name, places]) => `${name}: ${places.map(({ file }) => file).join(', ')}`)).toEqual([]);
});

test('every file of src/ has at most 250 lines', async () => {
  const files = (await repositoryFiles()).filter((file) => /^src\/.*\.ts$/.test(file));
  expect(files.filter((file) => readText(file).split('\n').length > 251)).toEqual([]);
});
