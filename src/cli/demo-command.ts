import { fileURLToPath } from 'node:url';
import { describeReplay, describeRun } from '../admin/summary.ts';
import type { Configuration, Settings } from '../config/settings.ts';
import { startCapture } from '../daemon/capture-session.ts';
import { replayCaptures } from '../daemon/replay-captures.ts';
import { openServiceLog } from '../daemon/service-log.ts';
import { EXIT_OK, type ExitCode } from '../errors.ts';
import {
  DEMO_CLIENT_ADDRESS,
  DEMO_SERVER_ADDRESS,
  DEMO_STOCK_ADDRESS,
  type DemoTraffic,
  startDemoTraffic,
} from './demo-traffic.ts';
import { describeError } from './describe-error.ts';

type Print = (text: string) => void;

/** What the demo shows when it may not capture: a recording of itself. */
const DEMO_CAPTURE = fileURLToPath(new URL('../../conf/demo.pcap', import.meta.url));

/** `httplog demo`: live capture on loopback, with traffic of its own; lines of all four types. */
export async function runDemoCommand(
  configuration: Configuration,
  print: Print,
  printError: Print,
): Promise<ExitCode> {
  const traffic = await startDemoTraffic();
  try {
    return await showLive(configuration, traffic, print, printError);
  } finally {
    traffic.close();
  }
}

async function showLive(
  configuration: Configuration,
  traffic: DemoTraffic,
  print: Print,
  printError: Print,
): Promise<ExitCode> {
  const { serverPort, stockPort } = traffic;
  const settings = demoSettings(configuration.settings, [serverPort, stockPort]);
  const serviceLog = await openServiceLog({ directory: undefined, quiet: true });
  const session = await startCapture(settings, 'lo', serviceLog);
  await Promise.race([session.capturing, session.finished]);
  if (session.hasCaptured) {
    print(
      `A client on ${DEMO_CLIENT_ADDRESS} asks a shop on ${DEMO_SERVER_ADDRESS}:${serverPort}, which` +
        ` asks a stock service on ${DEMO_STOCK_ADDRESS}:${stockPort}.\n` +
        `httplog captures lo; ${DEMO_SERVER_ADDRESS} is this host: CQ and CR are asked of it, SQ and SR` +
        ' it asks others.\n\n',
    );
    await traffic.run();
    await session.stop();
  }
  const { error, tally } = await session.finished;
  if (error?.code === 'HTTPLOG_CAPTURE_PERMISSION') {
    printError(
      'Live capture needs root or CAP_NET_RAW, so this replays a recording of the demo instead.\n',
    );
    return showRecording(configuration, settings, print, printError);
  }
  if (error !== undefined) {
    throw error;
  }
  print(`\n${describeRun(tally).join('\n')}\n`);
  return EXIT_OK;
}

async function showRecording(
  configuration: Configuration,
  settings: Settings,
  print: Print,
  printError: Print,
): Promise<ExitCode> {
  const replay = {
    ...configuration,
    settings: { ...settings, ports: 'any' as const, quiet: true },
  };
  const { exitCode, tally } = await replayCaptures([DEMO_CAPTURE], replay, (error) =>
    printError(describeError(error)),
  );
  print(`\n${describeReplay(tally).join('\n')}\n`);
  return exitCode;
}

function demoSettings(settings: Settings, ports: number[]): Settings {
  return {
    ...settings,
    ports: ports.map((port) => ({ first: port, last: port })),
    localNetworks: [DEMO_SERVER_ADDRESS],
    outputPath: '-',
  };
}
