import { printable } from './printable.ts';

/** The position of a value: keys of mappings, indexes of lists. */
export type KeyPath = readonly (string | number)[];

/** `services.orders.operations[0].scope`; other keys are in brackets and quotes. */
export function formatPath(path: KeyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      if (!/^[A-Za-z0-9_@-]{1,128}$/.test(part)) return `["${printable(shorten(part))}"]`;
      return index === 0 ? part : `.${part}`;
    })
    .join('');
}

function shorten(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text;
}
