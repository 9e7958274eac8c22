import type { Config } from '../../config/serving.ts';
import { GatehouseError } from '../../core/errors.ts';

/** The configured state file. */
export function stateFileOf({ state }: Config): string {
  if (state.redis === undefined) return state.sqlite.file;
  throw new GatehouseError('usage', 'the state is in Redis (state.redis); back up and restore Redis instead');
}

/** The operand of the command. */
export function fileOperand(operands: readonly string[]): string {
  const [file, ...others] = operands;
  if (file === undefined || others.length > 0) throw new GatehouseError('usage', 'name exactly one file');
  return file;
}
