import { parseListenAddress } from '../../util/http/listen-address.ts';
import type { KeyPath } from '../problems/key-path.ts';
import type { RuleContext } from './rule.ts';

const KEY: KeyPath = ['server', 'reusePort'];

/** Several processes read this configuration: what they cannot share must differ or be in Redis. */
export function checkReusePort(context: RuleContext): void {
  const { server, state } = context.draft;
  if (!server.reusePort) return;
  if (parseListenAddress(server.listen).port === 0) {
    context.error(KEY, 'needs a fixed port in server.listen: each process would listen on another one');
  }
  if (state.redis === undefined) checkStore(context);
  checkAdmin(context);
  checkAuditFile(context);
}

function checkStore(context: RuleContext): void {
  const message =
    'needs state.redis: with SQLite, each process has separate revocations and limits; set state.redis.urlFile';
  context.error(context.draft.state.sqlite === undefined ? KEY : ['state', 'sqlite'], message, 'key');
}

/** A request to a shared admin port would reach any of the processes. */
function checkAdmin(context: RuleContext): void {
  const { host, port } = parseListenAddress(context.draft.server.admin.listen);
  const path = ['server', 'admin', 'listen'];
  if (port === 0 || context.isExpanded(path)) return;
  context.warn(
    path,
    `is the same for all processes that read this file, and only one of them can start; set a variable, such as "${host}:\${GATEHOUSE_ADMIN_PORT}"`,
  );
}

function checkAuditFile(context: RuleContext): void {
  const path = ['audit', 'file'];
  if (context.draft.audit.file === undefined || context.isExpanded(path)) return;
  context.warn(
    path,
    'is written by all processes that read this file; set a variable, such as audit-${GATEHOUSE_PROCESS}.log',
  );
}
