export { createExtract, type Extract, type ExtractSettings } from './extract.ts';
export { createPresent, type PresentSettings } from './present.ts';
export { classOfToken } from './token-class.ts';
