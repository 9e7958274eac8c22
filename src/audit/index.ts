export { createAccessLog, type AccessLog } from './access-log.ts';
export { createAuditSink, type AuditSettings, type ClosableAuditSink } from './audit-sink.ts';
export type { LineWriter } from './line-writer.ts';
export { openLineWriter } from './open-line-writer.ts';
