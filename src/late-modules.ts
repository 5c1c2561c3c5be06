/**
 * Modules of Node that take long to load, some as long as all of httplog, and that most runs do not use: each is loaded
 * by its first call. `docs/decisions/0012` has what each costs a start.
 */
export const lateCrypto = () => process.getBuiltinModule('node:crypto');
export const lateInspector = () => process.getBuiltinModule('node:inspector/promises');
export const lateNet = () => process.getBuiltinModule('node:net');
export const lateStream = () => process.getBuiltinModule('node:stream');
export const lateThreads = () => process.getBuiltinModule('node:worker_threads');
export const lateTty = () => process.getBuiltinModule('node:tty');
export const lateZlib = () => process.getBuiltinModule('node:zlib');
