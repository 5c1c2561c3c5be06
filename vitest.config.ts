import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    // Processes, not threads: worker threads, signals and koffi are tested for real.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default'],
    // nginx and ip live where a plain user's PATH may not look.
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
  },
});
