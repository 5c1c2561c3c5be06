import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createLabelledMetric, createMetric, type Metric } from './metrics-text.ts';

/** Milliseconds between two looks at how late the event loop is: fifty timers a second cost nothing. */
const DELAY_RESOLUTION_MS = 20;
/** Milliseconds that the delays shown stand for: old pauses make room for new ones. */
const DELAY_INTERVAL_MS = 10_000;
const NS_PER_SEC = 1e9;
const US_PER_SEC = 1e6;

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** How late the event loop is, over an interval: pairs of a statistic and its seconds. */
type Delays = readonly (readonly [statistic: string, seconds: number])[];

/** The metrics of the process itself. */
export class ProcessMetrics {
  readonly #version: string;
  readonly #histogram: DelayHistogram;
  readonly #timer: NodeJS.Timeout;
  #delays: Delays | undefined;

  constructor(version: string) {
    this.#version = version;
    this.#histogram = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      this.#delays = readDelays(this.#histogram);
      this.#histogram.reset();
    }, DELAY_INTERVAL_MS).unref();
  }

  collect(): Metric[] {
    const { user, system } = process.cpuUsage();
    return [
      createLabelledMetric(
        'gauge',
        {
          name: 'httplog_event_loop_delay_seconds',
          help: 'How late the event loop of the main thread was, over the last 10 seconds',
        },
        'statistic',
        this.#delays ?? readDelays(this.#histogram),
      ),
      createMetric(
        'counter',
        { name: 'process_cpu_seconds_total', help: 'CPU time of all threads, user and system' },
        (user + system) / US_PER_SEC,
      ),
      createMetric(
        'gauge',
        {
          name: 'process_resident_memory_bytes',
          help: 'Resident memory, the packet rings included',
        },
        process.memoryUsage.rss(),
      ),
      createMetric(
        'gauge',
        { name: 'process_open_fds', help: 'Open file descriptors' },
        countOpenFiles(),
      ),
      createMetric(
        'gauge',
        {
          name: 'process_start_time_seconds',
          help: 'Start of the process, in seconds of Unix time',
        },
        Math.round(Date.now() / 1000 - process.uptime()),
      ),
      this.#collectBuild(),
    ];
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #collectBuild(): Metric {
    const { node } = process.versions;
    return {
      name: 'httplog_build_info',
      help: 'Always 1; the labels say which httplog this is, and what it runs on',
      type: 'gauge',
      samples: [
        {
          labels: [
            ['version', this.#version],
            ['node', node],
          ],
          value: 1,
        },
      ],
    };
  }
}

/** The histogram has the time between two looks: what is beyond the resolution was late. */
function readDelays(histogram: DelayHistogram): Delays {
  const toSeconds = (ns: number): number =>
    Number.isFinite(ns) ? Math.max(0, ns / NS_PER_SEC - DELAY_RESOLUTION_MS / 1000) : 0;
  const isEmpty = histogram.count === 0;
  return [
    ['mean', isEmpty ? 0 : toSeconds(histogram.mean)],
    ['p99', isEmpty ? 0 : toSeconds(histogram.percentile(99))],
    ['max', isEmpty ? 0 : toSeconds(histogram.max)],
  ];
}

/** @see proc_pid_fd(5) */
function countOpenFiles(): number {
  try {
    // One of them is that of the directory itself.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return Number.NaN;
  }
}
