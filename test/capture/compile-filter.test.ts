import { describe, expect, it } from 'vitest';
import { SKF_AD_OFF, SKF_AD_VLAN_TAG_PRESENT } from '../../src/capture/bpf-assembler.ts';
import { createBpfCode } from '../../src/capture/bpf-code.ts';
import { runBpf } from '../../src/capture/bpf-interpreter.ts';
import { compileFilter, compileLiveFilter } from '../../src/capture/compile-filter.ts';
import { loadLibpcap } from '../../src/capture/libpcap.ts';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NETWORK,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
  LINKTYPE_RAW_BSD,
  LINKTYPE_RAW_OPENBSD,
} from '../../src/capture/link-types.ts';
import { EXIT_NOT_FOUND, EXIT_USAGE, HttplogError } from '../../src/errors.ts';
import { ipv4, tcp } from '../fixtures/build-packets.ts';
import { canCaptureLive, titleWithReason } from '../live/requirements.ts';
import { missingLibpcap } from './missing-libpcap.ts';

const SNAPLEN = 1560;
const reason = missingLibpcap();
const needsLibpcap = it.skipIf(reason !== undefined);
const titled = (title: string) => titleWithReason(title, reason);

function catchError(call: () => unknown): HttplogError {
  try {
    call();
  } catch (error) {
    if (error instanceof HttplogError) {
      return error;
    }
    throw error;
  }
  throw new Error('nothing was thrown');
}

const packet = ipv4(
  { source: '192.0.2.1', target: '192.0.2.2' },
  tcp(
    {
      source: { address: '192.0.2.1', port: 50000 },
      target: { address: '192.0.2.2', port: 80 },
    },
    new Uint8Array(0),
  ),
);

describe('compileFilter', () => {
  needsLibpcap.each([
    ['RAW', LINKTYPE_RAW],
    ['RAW of BSD', LINKTYPE_RAW_BSD],
    ['RAW of OpenBSD', LINKTYPE_RAW_OPENBSD],
    ['IPV4', LINKTYPE_IPV4],
    ['the network layer of a packet socket', LINKTYPE_NETWORK],
  ])(titled('compiles for link type %s'), (_name, linkType) => {
    const verdict = (expression: string) => {
      const code = createBpfCode(compileFilter({ expression, linkType, snaplen: SNAPLEN }));
      return runBpf(code, packet, 0, packet.length, packet.length, null);
    };
    expect(verdict('tcp port 80')).toBe(SNAPLEN);
    expect(verdict('tcp port 81')).toBe(0);
    expect(verdict('')).toBe(SNAPLEN);
  });

  needsLibpcap.each([
    LINKTYPE_NULL,
    LINKTYPE_ETHERNET,
    LINKTYPE_LOOP,
    LINKTYPE_LINUX_SLL,
    LINKTYPE_LINUX_SLL2,
    LINKTYPE_IPV6,
  ])(titled('compiles for link type %i'), (linkType) => {
    const program = compileFilter({ expression: 'tcp port 80', linkType, snaplen: SNAPLEN });
    expect(() => createBpfCode(program)).not.toThrow();
  });

  needsLibpcap.each([
    ['tcp prot 80', /syntax error/],
    ['ether host nosuch', /unknown ether host 'nosuch'/],
    ['port nosuchservice', /unknown port 'nosuchservice'/],
    ['tcp and udp', /rejects all packets/],
  ])(titled('refuses "%s" in libpcap’s own words'), (expression, words) => {
    const error = catchError(() =>
      compileFilter({ expression, linkType: LINKTYPE_ETHERNET, snaplen: SNAPLEN }),
    );
    expect(error).toMatchObject({ code: 'HTTPLOG_FILTER', exitCode: EXIT_USAGE });
    expect(error.message).toContain(`"${expression}"`);
    expect(error.message).toMatch(words);
  });
});

describe('compileLiveFilter', () => {
  const live = { expression: 'vlan 7', interfaceName: 'lo', snaplen: SNAPLEN } as const;
  const loadsTag = (instructions: Uint8Array<ArrayBuffer>) =>
    new Int32Array(instructions.buffer).includes(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT);

  const liveReason = reason ?? canCaptureLive();
  it.skipIf(liveReason !== undefined)(
    titleWithReason('makes vlan look where the kernel keeps the tag', liveReason),
    () => {
      const { instructions } = compileLiveFilter({ ...live, linkLayer: 'ethernet' });
      expect(loadsTag(instructions)).toBe(true);
      expect(() =>
        compileLiveFilter({ ...live, linkLayer: 'ethernet', expression: 'x y' }),
      ).toThrow(/"x y" is not valid/);
    },
  );

  needsLibpcap(titled('looks in the bytes where the interface cannot be opened'), () => {
    const gone = { ...live, interfaceName: 'nosuch0', linkLayer: 'ethernet' } as const;
    const program = compileLiveFilter(gone);
    expect(loadsTag(program.instructions)).toBe(false);
    expect(() => createBpfCode(program)).not.toThrow();
  });

  needsLibpcap(titled('compiles from the network layer on for SOCK_DGRAM'), () => {
    const program = compileLiveFilter({
      ...live,
      linkLayer: 'network',
      expression: 'tcp port 80',
    });
    const code = createBpfCode(program);
    expect(runBpf(code, packet, 0, packet.length, packet.length, null)).toBe(SNAPLEN);
    expect(catchError(() => compileLiveFilter({ ...live, linkLayer: 'network' })).code).toBe(
      'HTTPLOG_FILTER',
    );
  });
});

describe('loadLibpcap', () => {
  needsLibpcap(titled('finds the machine’s own'), () => {
    expect(loadLibpcap().lib_version()).toMatch(/libpcap version 1\./);
  });

  it('names the packages where there is none', () => {
    const error = catchError(() => loadLibpcap(['libnosuch.so.1', 'libnosuch.so']));
    expect(error).toMatchObject({ code: 'HTTPLOG_LIBPCAP_MISSING', exitCode: EXIT_NOT_FOUND });
    expect(error.message).toContain('libnosuch.so.1, libnosuch.so');
    expect(error.hint).toMatch(/apt-get install libpcap0.8.*dnf install libpcap/);
  });
});
