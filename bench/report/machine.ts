import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** Where the figures were taken. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  kernel: string;
  system: string;
  /** What runs httplog. */
  node: string;
  isVirtual: boolean;
}

export function describeMachine(): Machine {
  const [cpu] = cpus();
  const system = readFileSync('/etc/os-release', 'utf8');
  return {
    cpu: cpu.model,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? 'unknown',
    node: process.version,
    isVirtual: /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8')),
  };
}
