import type { AdminAddress } from '../config/admin-address.ts';
import type { Settings } from '../config/settings.ts';
import { type AdminAnswer, plainAnswer } from './answer.ts';
import { type CaptureSnapshot, findUnreadyReasons, LossWatch } from './capture-snapshot.ts';
import { LOSS_WATCH_INTERVAL_MS } from './limits.ts';
import { collectCaptureMetrics } from './metrics-capture.ts';
import { ProcessMetrics } from './metrics-process.ts';
import {
  createMetric,
  METRICS_CONTENT_TYPE,
  type Metric,
  type MetricNames,
  renderMetrics,
} from './metrics-text.ts';
import { type AdminServer, openAdminServer } from './server.ts';
import { createStatus } from './status.ts';
import { readVersion } from './version.ts';

const READY: MetricNames = {
  name: 'httplog_ready',
  help: '1 while httplog captures, writes and loses nothing, else 0',
  note: 'as `/readyz` answers',
};

/** What the admin server tells about. */
export interface CaptureSource {
  snapshot(): CaptureSnapshot;
}

/** All that `/metrics` shows. */
export function collectMetrics(
  capture: CaptureSnapshot | undefined,
  unreadyReasons: readonly string[],
  ofProcess: ProcessMetrics,
): Metric[] {
  return [
    createMetric('gauge', READY, unreadyReasons.length === 0 ? 1 : 0),
    ...(capture === undefined ? [] : collectCaptureMetrics(capture)),
    ...ofProcess.collect(),
  ];
}

/** The paths of the admin server and what they show. Until it follows a capture, httplog is starting. */
export class AdminService {
  readonly #version = readVersion();
  readonly #process = new ProcessMetrics(this.#version);
  readonly #losses = new LossWatch();
  #source: CaptureSource | undefined;
  #timer: NodeJS.Timeout | undefined;
  #server: AdminServer | undefined;

  /** See `openAdminServer`. */
  async listen(
    address: AdminAddress,
    hosts: readonly string[],
    onError: (error: Error) => void,
  ): Promise<void> {
    const findAnswer = (path: string): AdminAnswer | undefined => this.answer(path);
    this.#server = await openAdminServer({ address, hosts, findAnswer, onError });
  }

  follow(source: CaptureSource): void {
    this.#source = source;
    this.#timer = setInterval(() => this.#look(), LOSS_WATCH_INTERVAL_MS).unref();
  }

  answer(path: string): AdminAnswer | undefined {
    switch (path) {
      case '/healthz':
        return plainAnswer(200, 'ok');
      case '/readyz':
        return this.#answerReady();
      case '/metrics':
        return this.#answerMetrics();
      case '/status':
        return this.#answerStatus();
      default:
        return undefined;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#process.close();
    await this.#server?.close();
  }

  #look(): { capture: CaptureSnapshot | undefined; reasons: string[] } {
    const capture = this.#source?.snapshot();
    const nowMs = performance.now();
    if (capture !== undefined) {
      this.#losses.note(capture, nowMs);
    }
    return { capture, reasons: findUnreadyReasons(capture, this.#losses.isLosing(nowMs)) };
  }

  #answerReady(): AdminAnswer {
    const { reasons } = this.#look();
    return reasons.length === 0
      ? plainAnswer(200, 'ok')
      : plainAnswer(503, reasons.map(toOneLine).join('\n'));
  }

  #answerMetrics(): AdminAnswer {
    const { capture, reasons } = this.#look();
    const body = renderMetrics(collectMetrics(capture, reasons, this.#process));
    return { statusCode: 200, contentType: METRICS_CONTENT_TYPE, body };
  }

  #answerStatus(): AdminAnswer {
    const { capture, reasons } = this.#look();
    const status = createStatus(this.#version, capture, reasons);
    return {
      statusCode: 200,
      contentType: 'application/json',
      body: `${JSON.stringify(status)}\n`,
    };
  }
}

/** The service of an address that was asked for, or undefined when none was. */
export async function openAdminService(
  { listenAdmin: address, adminHosts }: Pick<Settings, 'listenAdmin' | 'adminHosts'>,
  onError: (error: Error) => void,
): Promise<AdminService | undefined> {
  if (address === undefined) {
    return undefined;
  }
  const service = new AdminService();
  try {
    await service.listen(address, adminHosts, onError);
  } catch (error) {
    await service.close();
    throw error;
  }
  return service;
}

/** The path of a log file may have a line feed in it. */
function toOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}
