import { printable } from './printable.ts';

/** Where a value stands: keys of mappings, positions in lists. */
export type KeyPath = readonly (string | number)[];

/** `services.orders.operations[0].scope`; keys that are no plain words stand in brackets and quotes. */
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
