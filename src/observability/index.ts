export { createAccessLog, type AccessLog } from './audit/access-log.ts';
export { createAuditSink, type AuditSettings, type ClosableAuditSink } from './audit/audit-sink.ts';
export type { LineWriter } from './audit/line-writer.ts';
export { openStdoutWriter } from './audit/stdout-writer.ts';
export { createDecisionRecorder, type DecisionRecorder } from './decisions/decision-recorder.ts';
export { createLog, type LogSettings } from './log/log.ts';
export {
  createTelemetry,
  type ConfiguredNames,
  type Telemetry,
  type TelemetrySettings,
} from './metrics/telemetry.ts';
