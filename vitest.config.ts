import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { PATIENCE_MS } from './test/patience.ts';

// Tests start Node some two thousand times: compiled code, and TypeScript without its types, is kept between starts.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('node_modules/.cache/httplog-test', import.meta.url),
);

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes, not threads: worker threads, signals and koffi are tested for real.
    pool: 'forks',
    // One more than the processors of a small machine: much of what is tested waits for packets, disks and clocks.
    maxWorkers: 3,
    // A process takes one file after the other, and loads a module once, as Node does: no test replaces modules, and
    // what a file changes in its process it puts back.
    isolate: false,
    experimental: { viteModuleRunner: false, nodeLoader: false },
    // For a machine that does other things as well: a test that waits for nothing is over long before.
    testTimeout: 5 * PATIENCE_MS,
    hookTimeout: 5 * PATIENCE_MS,
    teardownTimeout: 10_000,
    reporters: ['default'],
    // nginx and ip live where a plain user's PATH may not look.
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  },
});
