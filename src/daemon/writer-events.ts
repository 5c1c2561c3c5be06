import type { OutputEvents } from '../log/output-writers.ts';
import type { ServiceLog } from './service-log.ts';

/** What the writers of a live capture have to say, in the service log's words. */
export function createWriterEvents(serviceLog: ServiceLog): OutputEvents {
  return {
    onUnlocked: (text) => serviceLog.warn(text),
    onFault: ({ message, hint }) => serviceLog.error(`${message}. ${hint}`),
    onRecovery: ({ path, secondsDown, failedTries }) =>
      serviceLog.info(`${path} is written again`, { secondsDown, failedTries }),
    onRotate: (path, nextPath) => serviceLog.info(`${path} is full; going on in ${nextPath}`),
    onCompress: (path, compressedPath, bytesBefore, bytesAfter) =>
      serviceLog.info(`Compressed ${path} to ${compressedPath}`, { bytesBefore, bytesAfter }),
    onDelete: (path, reason, byteLength) =>
      serviceLog.info(`Deleted ${path} because of --${reason}`, { byteLength }),
  };
}
