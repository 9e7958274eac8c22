import type { BodyCheck } from './endpoints/endpoint.ts';

/**
 * Quick actions that take an issue, merge request, epic or project of another project or group as argument
 * (GitLab, "Quick actions"). GitLab runs them where they begin a line; a quoted one is refused too, because
 * the gateway does not read Markdown.
 */
const QUICK_ACTIONS = [
  'move',
  'clone',
  'duplicate',
  'copy_metadata',
  'relate',
  'related',
  'blocks',
  'blocked_by',
  'unlink',
  'epic',
  'child_epic',
  'parent_epic',
  'remove_child_epic',
  'remove_parent_epic',
  'parent',
  'set_parent',
  'child',
  'add_child',
  'remove_child',
  'promote',
  'promote_to',
];

/** Matches the command as Ruby does, with Unicode case folding: to it U+212A is a `k`. */
const QUICK_ACTION = new RegExp(
  `^[^\\S\\n\\u2028\\u2029]*/(?:${QUICK_ACTIONS.join('|')})(?![a-z0-9_])`,
  'imu',
);

/**
 * CI/CD configuration that includes other files, or could: YAML has more than one spelling of a key (escapes,
 * tags), and GitLab inserts inputs into the text before it parses it.
 */
const INCLUDE = /include|[\\!]|\$\[\[/i;

/** Whether text in a parameter can make GitLab act on, or read, another project than the one of the URL. */
export function textReaches(check: BodyCheck, text: string): boolean {
  switch (check) {
    case 'projects':
      return false;
    case 'text':
      // GitLab removes carriage returns before it parses commands.
      return QUICK_ACTION.test(text.replaceAll('\r', ''));
    case 'ci':
      return INCLUDE.test(text);
    default:
      return check satisfies never;
  }
}
