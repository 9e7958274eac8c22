import { createInterface } from 'node:readline';
import type { DialogStreams } from './terminal.ts';

export interface Dialog {
  /** Resolves with the answer without surrounding spaces; undefined after Ctrl-C or Ctrl-D, also for later questions. */
  ask(question: string): Promise<string | undefined>;
  close(): void;
}

/** A dialog on a terminal. Answers that arrive before their question, as from a paste, are kept. */
export function createDialog({ input, output }: DialogStreams): Dialog {
  const lines: string[] = [];
  let ended = false;
  let deliver: ((answer: string | undefined) => void) | undefined;
  const reader = createInterface({ input, output, terminal: true });
  reader.on('line', (line) => {
    if (deliver === undefined) lines.push(line);
    else settle(line);
  });
  reader.on('SIGINT', () => reader.close());
  reader.on('close', () => {
    ended = true;
    settle(undefined);
  });

  /** At once, because one paste emits several lines before the question continues. */
  function settle(answer: string | undefined): void {
    const waiting = deliver;
    deliver = undefined;
    waiting?.(answer);
  }

  return {
    async ask(question) {
      reader.setPrompt(question);
      reader.prompt();
      const early = lines.shift();
      if (early !== undefined || ended) return early?.trim();
      const answer = await new Promise<string | undefined>((resolve) => (deliver = resolve));
      return answer?.trim();
    },
    close: () => reader.close(),
  };
}
