import { formatCaseName, formatFailure, type LocateRule } from './test-report.ts';
import type { PolicyTestCase } from './run-policy-tests.ts';

/**
 * JUnit XML in the form that GitLab (`artifacts:reports:junit`) and the report actions for GitHub read: one suite per
 * file, and the attributes `name`, `classname`, `file` and `time` on each case.
 */
export function formatJunit(cases: readonly PolicyTestCase[], locate: LocateRule): string {
  const suites = [...Map.groupBy(cases, ({ test }) => test.file)];
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gatehouse test"${totals(cases)}>`,
    ...suites.flatMap(([file, members]) => [
      `  <testsuite name=${attribute(file)}${totals(members)}>`,
      ...members.flatMap((member) => formatCase(file, member, locate)),
      '  </testsuite>',
    ]),
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function totals(cases: readonly PolicyTestCase[]): string {
  const failed = cases.filter(({ failures }) => failures.length > 0).length;
  const milliseconds = cases.reduce((sum, each) => sum + each.milliseconds, 0);
  return ` tests="${cases.length}" failures="${failed}" errors="0" skipped="0" time="${seconds(milliseconds)}"`;
}

function formatCase(file: string, member: PolicyTestCase, locate: LocateRule): string[] {
  const { failures, milliseconds, test } = member;
  const head =
    `    <testcase name=${attribute(formatCaseName(member))} classname=${attribute(file)}` +
    ` file=${attribute(file)} line="${test.line}" time="${seconds(milliseconds)}"`;
  const [first] = failures;
  if (first === undefined) return [`${head}/>`];
  const message = `${first.subject}: expected ${first.expected}, actual ${first.actual}`;
  const position = `${file}:${test.line}:${test.column}`;
  const body = failures.map((failure) => formatFailure(failure, locate)).join('\n');
  return [
    `${head}>`,
    // GitLab shows one failure element per case.
    `      <failure type="policy" message=${attribute(message)}>${text(`${position}\n${body}`)}</failure>`,
    '    </testcase>',
  ];
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6);
}

function attribute(value: string): string {
  return `"${text(value).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;
}

/** XML 1.0 §2.2 excludes most control characters and lone surrogates, even as references. */
function text(value: string): string {
  return value
    .toWellFormed()
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
