import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // Processes, not threads: worker threads, signals and koffi are tested for real.
    pool: 'forks',
    maxWorkers: 2,
    // For a machine that does other things as well: a test that waits for nothing is over long before.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    reporters: ['default'],
    // nginx and ip live where a plain user's PATH may not look.
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  },
});
