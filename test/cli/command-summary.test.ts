import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ETHERTYPE_IPV4 } from '../../src/decode/ether-type.ts';
import { bytesOf } from '../../src/redact/byte-classes.ts';
import { buildPcap, type PcapPacket } from '../capture/build-capture.ts';
import { ethernet, ipv4, joinBytes, tcp } from '../fixtures/build-packets.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { folder, IPV4, IPV4_LINES, IPV6, replay, writeTemporary } from './run-replay.ts';

/** What a replay says on standard error though nobody looks at it on a terminal: all that is not in its lines. */

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CLIENT_HELLO = joinBytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], new Array(500).fill(7));
const APPLICATION_DATA = joinBytes([0x17, 3, 3, 1, 0], new Array(256).fill(7));
const HTTP2_PREFACE = bytesOf('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function packetOf(payload: Uint8Array, port = 80, clientPort = 50_000): PcapPacket {
  const source = { address: '192.0.2.1', port: clientPort };
  const target = { address: '192.0.2.2', port };
  const segment = tcp({ source, target }, payload);
  const packet = ipv4({ source: source.address, target: target.address }, segment);
  return { sec: 1_700_000_000, data: ethernet(ETHERTYPE_IPV4, packet) };
}

function write(name: string, packets: readonly PcapPacket[], linkType = 1): string {
  return writeTemporary(name, buildPcap(packets, { linkType }));
}

const whole = write('whole.pcap', [packetOf(bytesOf(REQUEST))]);
const NO_MESSAGE =
  'Messages: 0 CQ, 0 CR, 0 SQ, 0 SR, 0 retransmitted\nLines: 0 written, 0 dropped\n';

describe('a replay into a pipe', () => {
  test('says nothing when every packet was read and gave what it had', async () => {
    expect(await replay([whole])).toMatchObject({ code: 0, stderr: '' });
    expect(await replay([IPV4])).toMatchObject({ code: 0, stdout: IPV4_LINES, stderr: '' });
  });

  test('tells of truncated frames', async () => {
    const { data } = packetOf(bytesOf(REQUEST));
    const file = write('cut-frames.pcap', [{ data, wireLength: data.length + 100 }]);
    const { code, stderr } = await replay([file]);
    expect([code, stderr]).toEqual([
      0,
      'Packets: 1 read, 1 truncated, 0 undecodable\n' +
        'Messages: 1 CQ, 0 CR, 0 SQ, 0 SR, 0 retransmitted\nLines: 1 written, 0 dropped\n',
    ]);
  });

  test('tells of frames that cannot be decoded', async () => {
    const { data } = packetOf(bytesOf(REQUEST));
    const file = write('bad-frames.pcap', [{ data }, { data: data.subarray(0, 20) }]);
    const { code, stderr } = await replay([file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Packets: 2 read, 0 truncated, 1 undecodable \(ipv4_truncated 1\)\n/);
  });

  test('tells what is behind the packets of -c, and nothing where nothing is', async () => {
    const file = write('three.pcap', Array(3).fill(packetOf(bytesOf(REQUEST))));
    for (const count of ['1', '2']) {
      const { code, stderr } = await replay([file], '-c', count);
      expect(code).toBe(0);
      expect(stderr).toMatch(
        new RegExp(
          `^Packets: ${count} read, 0 truncated, 0 undecodable; those behind -c ${count} not read\n`,
        ),
      );
    }
    expect(await replay([file], '-c', '3')).toMatchObject({ code: 0, stderr: '' });
    expect((await replay([file, whole], '-c', '3')).stderr).toContain('those behind -c 3 not read');
    const input = readFileSync(`${folder}/${file}`);
    const fromInput = await runHttplog(['replay', '-', '-o', '-', '-c', '2'], { input });
    expect(fromInput.stderr).toContain('those behind -c 2 not read');
  });

  test('sums up what was read of a damaged capture', async () => {
    const bytes = readFileSync(IPV4);
    const file = writeTemporary('damaged.pcap', bytes.subarray(0, bytes.length - 1));
    const { code, stderr } = await replay([file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^httplog: damaged\.pcap is cut short: .*\nPackets: \d+ read, /);
  });

  test.each([
    ['--quiet', 'cut-frames.pcap'],
    ['--quiet', 'none.pcap'],
  ])('with %s says nothing of %s', async (flag, name) => {
    write('none.pcap', [packetOf(CLIENT_HELLO)]);
    expect(await replay([name], flag)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('a replay that finds no message says so, and what to try', () => {
  test('where there is no packet', async () => {
    const { code, stderr } = await replay([write('no-packet.pcap', [])]);
    expect([code, stderr]).toEqual([
      0,
      `Packets: 0 read, 0 truncated, 0 undecodable\n${NO_MESSAGE}No message was found\n`,
    ]);
  });

  test('where HTTP is on another port', async () => {
    const other = write('other-port.pcap', [
      packetOf(bytesOf('ssh'), 22),
      packetOf(bytesOf(REQUEST), 8080),
    ]);
    const request = await replay([other]);
    expect([request.code, request.stderr]).toEqual([
      0,
      `Packets: 2 read, 0 truncated, 0 undecodable\n${NO_MESSAGE}` +
        'No message was found; HTTP was seen on port 8080: try -p 8080, or -p any\n',
    ]);
    const answer = packetOf(bytesOf('HTTP/1.1 200 OK\r\n\r\n'), 50_000, 8080);
    const { stderr } = await replay([write('other-answer.pcap', [answer])]);
    expect(stderr).toContain('HTTP was seen on port 8080');
    expect((await replay([IPV4], '-p', '81')).stderr).toMatch(/HTTP was seen on port \d+: try -p /);
  });

  test('where nothing is HTTP, with every method that is known', async () => {
    const file = write('no-http.pcap', [
      packetOf(bytesOf('EHLO a\r\n')),
      packetOf(bytesOf('x'), 25),
    ]);
    expect((await replay([file])).stderr).toContain(
      'No message was found; on no port anything began like HTTP/1.x: try --methods all for others\n',
    );
    expect((await replay([file], '--methods', 'all')).stderr).toContain(
      'No message was found; on no port anything began like HTTP/1.x\n',
    );
  });

  test.each([
    ['a handshake', CLIENT_HELLO],
    ['data', APPLICATION_DATA],
  ])('where %s of TLS was seen', async (name, payload) => {
    const file = write(`tls-${name.length}.pcap`, [packetOf(payload, 443)]);
    expect((await replay([file], '-p', '443')).stderr).toContain(
      'No message was found; TLS was seen on the ports read: what is encrypted stays so, ' +
        'capture behind the proxy that ends it\n',
    );
    expect((await replay([file])).stderr).not.toContain('TLS');
  });

  test('where HTTP/2 was seen', async () => {
    const file = write('http2.pcap', [packetOf(HTTP2_PREFACE)]);
    const { stderr } = await replay([file], '--methods', 'all');
    expect(stderr).toContain(
      'No message was found; HTTP/2 was seen on the ports read: httplog reads HTTP/1.x\n',
    );
  });

  test('where -f refused every packet', async () => {
    expect((await replay([whole], '-f', 'udp')).stderr).toContain(
      'No message was found; -f refused every packet\n',
    );
  });

  test('where the link type is not read, by its name', async () => {
    const file = write('radio.pcap', [packetOf(bytesOf(REQUEST))], 127);
    const { code, stderr } = await replay([file]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'radio.pcap: 1 of 1 packets have a link type that httplog does not read: 127 (IEEE802_11_RADIOTAP)\n',
    );
    expect(stderr).toContain('link_unsupported 1');
  });

  test('with each of several workers', async () => {
    const one = write('one.pcap', [packetOf(bytesOf('ssh'), 22)]);
    const { stderr } = await replay([one, 'other-port.pcap'], '-cpu', '2');
    expect(stderr).toContain('HTTP was seen on port 8080');
  });
});

describe('the report of the traffic', () => {
  test('is told into a pipe when it is asked for, of text lines too, which stay as they are', async () => {
    const exit = await replay([IPV4], '--report', 'always');
    expect(exit).toMatchObject({ code: 0, stdout: IPV4_LINES });
    expect(exit.stderr).toMatch(/^\n3 exchanges in .+\nStatus: 2xx 2, 4xx 1\n\nSlowest routes /);
    expect(exit.stderr).toMatch(/\nGET \/about\.html +1 +0 +\d+ us +\d+ us\n/);
    expect(exit.stderr).toMatch(/\nwww\.example\.com +3 {2}192\.0\.2\.2 +3\n$/);
  });

  test('is of all captures, in threads of their own too, and counts no line', async () => {
    const files = [IPV4, IPV6, IPV4];
    const exit = await replay(files, '--report', 'always', '--format', 'json', '-cpu', '2');
    expect(exit.stderr).toContain('\n9 exchanges in ');
    expect(exit.stdout.split('\n')).toHaveLength(9 + 1);
  });

  test('is of what a filter leaves', async () => {
    const exit = await replay([IPV4], '--report', 'always', '--status', '4xx');
    expect(exit.stderr).toContain('\n1 exchange in ');
  });

  test('is not told into a pipe unasked', async () => {
    expect(await replay([IPV4], '--format', 'json')).toMatchObject({ code: 0, stderr: '' });
  });
});
