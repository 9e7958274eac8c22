import { expect, test } from 'vitest';
import { parameterName, parameterValue, queryParts } from '../../../../src/util/http/query-parameters.ts';

test.each([
  ['', []],
  ['?', []],
  ['?a=1', [['a=1', '']]],
  [
    '?a=1&b;c',
    [
      ['a=1', ''],
      ['b', '&'],
      ['c', ';'],
    ],
  ],
  [
    '?&a',
    [
      ['', ''],
      ['a', '&'],
    ],
  ],
])('queryParts %s', (query, parts) => {
  expect(queryParts(query).map(({ text, separator }) => [text, separator])).toEqual(parts);
});

test.each([
  ['token=x', 'token'],
  ['TOKEN', 'token'],
  ['%74oken=x', 'token'],
  ['job%5Ftoken=x', 'job_token'],
  ['job.token=x', 'job_token'],
  ['+job_token[]=x', 'job_token'],
  ['%zz=x', '%zz'],
  ['%70rivate_token[%ff]=x', 'private_token'],
  // Rack 2: `%r(\A[\[\]]*([^\[\]]+)\]*)`.
  ['[sudo]=x', 'sudo'],
  ['sudo]=x', 'sudo'],
  ['%5D%5Bsudo%5D=x', 'sudo'],
  ['token[=x', 'token'],
  // PHP.
  ['job[token=x', 'job_token'],
  ['sudo%00x=x', 'sudo'],
  ['.method=x', '_method'],
  // ASP.NET.
  ['%u0073udo=x', 'sudo'],
])('parameterName %s → %s', (part, name) => expect(parameterName(part)).toBe(name));

test.each([
  ['a=b%20c+d', 'b c d'],
  ['a=b=c', 'b=c'],
  ['a', ''],
  ['a=%ff', undefined],
])('parameterValue %s → %s', (part, value) => expect(parameterValue(part)).toBe(value));
