import type { ErrorCode } from 'yaml';

/**
 * Messages for the error codes of the parser. Its own messages are not shown, because some quote the file, which
 * may contain a secret.
 */
const SENTENCES: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) cannot have an anchor or a tag',
  BAD_ALIAS: 'an alias (*name) is malformed',
  BAD_COLLECTION_TYPE: 'a tag does not fit the value',
  BAD_DIRECTIVE: 'directives (%…) are not supported; remove the line',
  BAD_DQ_ESCAPE: 'an escape in "…" is not one that YAML knows; use \'…\' where backslashes are meant',
  BAD_INDENT: 'the indentation does not match the lines above, or a bracket is not closed',
  BAD_PROP_ORDER: 'an anchor or tag stands at the wrong place',
  BAD_SCALAR_START: 'a value cannot start with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a nested mapping cannot stand on the line of its key; start a new line, or put the value in quotes',
  BLOCK_IN_FLOW: 'inside {…} or […] only {…}, […] and scalars can stand',
  DUPLICATE_KEY: 'the key is given twice',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'a key can have at most 1024 characters',
  MISSING_CHAR: 'a character is missing: a closing quote or bracket, a comma, a colon, or the space after it',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; is a colon missing above?',
  MULTIPLE_ANCHORS: 'a value can have one anchor',
  MULTIPLE_DOCS: 'a file holds one document; remove the "---", or split the file',
  MULTIPLE_TAGS: 'tags (!name) are not supported; remove them',
  NON_STRING_KEY: 'a key must be text; put it in quotes',
  RESOURCE_EXHAUSTION: 'the nesting is too deep',
  TAB_AS_INDENT: 'indentation must be spaces, not tabs',
  TAG_RESOLVE_FAILED: 'tags (!name) are not supported; remove them',
  UNEXPECTED_TOKEN: 'this character is not expected here; put a value with {, }, [, ] or * in quotes',
};

export function yamlErrorMessage(code: ErrorCode): string {
  return `not valid YAML: ${SENTENCES[code]}`;
}
