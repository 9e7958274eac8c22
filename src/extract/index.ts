export { createExtract, type Extract, type ExtractSettings } from './extract.ts';
export { classOfToken } from './token-class.ts';
