export interface ProseLine {
  readonly line: number;
  readonly text: string;
  readonly kind: 'comment' | 'documentation' | 'message';
}

/** The prose of a file: comments, Markdown outside code, and strings of at least three words. */
export function proseOf(file: string, content: string): readonly ProseLine[] {
  const lines = content.split('\n');
  if (file.endsWith('.md')) return markdownProse(lines);
  if (/\.(ya?ml|tpl|sh)$/.test(file)) return hashComments(lines);
  return typescriptProse(lines);
}

function markdownProse(lines: readonly string[]): ProseLine[] {
  let fenced = false;
  return lines.flatMap((text, index) => {
    if (/^\s*(```|~~~)/.test(text)) fenced = !fenced;
    const code = fenced || /^ {4}/.test(text);
    return code ? [] : [{ line: index + 1, text: text.replaceAll(/`[^`]*`/g, '``'), kind: 'documentation' }];
  });
}

function hashComments(lines: readonly string[]): ProseLine[] {
  return lines.flatMap((text, index) => {
    const [, comment] = /(?:^|\s)#\s?(.*)$/.exec(text) ?? [];
    return comment === undefined ? [] : [{ line: index + 1, text: comment, kind: 'comment' }];
  });
}

function typescriptProse(lines: readonly string[]): ProseLine[] {
  let block = false;
  return lines.flatMap((text, index): ProseLine[] => {
    const line = index + 1;
    const trimmed = text.trim();
    const opens = trimmed.startsWith('/*');
    const comment = block || opens;
    if (opens) block = true;
    if (trimmed.includes('*/')) block = false;
    if (comment) return [{ line, text: trimmed, kind: 'comment' }];
    const [, trailing] = /(?:^|[^:"'`])\/\/ (.*)$/.exec(text) ?? [];
    if (trailing !== undefined) return [{ line, text: trailing, kind: 'comment' }];
    return [...text.matchAll(/'([^'\n]{12,})'|`([^`\n]{12,})`/g)].flatMap(
      ([, single, template]): ProseLine[] => {
        const message = single ?? template ?? '';
        return /[a-z]{2,} [a-z]{2,} [a-z]{2,}/i.test(message)
          ? [{ line, text: message, kind: 'message' }]
          : [];
      },
    );
  });
}
