import { lateInspector } from '../late-modules.ts';
import { type FileTrust, writeTrustedFile } from '../log/trusted-file.ts';

/**
 * Starts a V8 CPU profile of this thread; without a path it does nothing.
 *
 * @returns what ends it and writes the file, which the Performance panel of Chrome DevTools opens
 */
export async function startCpuProfile(
  path: string | undefined,
  { isStrict }: Pick<FileTrust, 'isStrict'>,
): Promise<(() => Promise<void>) | undefined> {
  if (path === undefined) {
    return undefined;
  }
  const { Session } = lateInspector();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  return async () => {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    await writeTrustedFile(path, JSON.stringify(profile), { isNamed: true, isStrict });
  };
}
