/**
 * Where the exchanges of a capture of the corpus differ from all that tshark shows, and why ours are what
 * httplog promises.
 */
export interface CorpusDifference {
  capture: string;
  reason: string;
  /** Keys as `pairKey` gives them. */
  onlyTshark: readonly string[];
  onlyOurs: readonly string[];
}

export const CORPUS_DIFFERENCES: readonly CorpusDifference[] = [
  {
    capture: 'arkime/arkime_synthetic.pcap',
    reason:
      'RPC_IN_DATA and RPC_OUT_DATA are none of the methods that begin a request by default: their three ' +
      'responses are written without a request',
    onlyTshark: [
      '10.0.2.1 51001 RPC_IN_DATA /rpc/rpcproxy.dll?MAIL.example.com:6001 200 ',
      '10.0.2.3 51002 RPC_OUT_DATA /rpc/rpcproxy.dll?MAIL.example.com:6001 200 ',
      '2001:db8::5 51003 RPC_IN_DATA /rpcwithcert/rpcproxy.dll?MAIL.example.com:6004 200 ',
    ],
    onlyOurs: [],
  },
  {
    capture: 'ndpi/default/pcap/ipp.pcap',
    reason:
      'tshark gives a request with Expect: 100-continue to the interim response, and the final one has no ' +
      'request: frames 11, 263 and 274 are the only final responses to the requests of 6, 256 and 269',
    onlyTshark: [],
    onlyOurs: [
      '10.10.10.49 55341 POST /ipp/ 200 ',
      '10.10.10.49 55343 POST /ipp/ 200 ',
      '10.10.10.49 55343 POST /ipp/ 200 ',
    ],
  },
  {
    capture: 'suricata-verify/detect-bypass/input.pcap',
    reason:
      'the request has 132 bytes from sequence number 1 on, and the response of this crafted capture ' +
      'acknowledges nothing of them (1): by the numbers it answers something before',
    onlyTshark: ['5.6.7.8 6666 GET /index.html 200 '],
    onlyOurs: [],
  },
  {
    capture: 'suricata-verify/http-uri-spaces/input.pcap',
    reason:
      'the request line is "GET /uri afterspace HTTP/1.1", and the target is all between method and version; ' +
      'tshark ends it at the first space',
    onlyTshark: ['127.0.0.1 55771 GET /uri 400 Tue, 02 Apr 2019 10:20:11 GMT'],
    onlyOurs: ['127.0.0.1 55771 GET /uri afterspace 400 Tue, 02 Apr 2019 10:20:11 GMT'],
  },
  {
    capture: 'suricata-verify/http1-noint-status/input.pcap',
    reason:
      'the status line is "HTTP/1.0 2XX OK": not three digits, so that the exchange has no status; tshark ' +
      'shows the 2',
    onlyTshark: ['127.0.0.1 64477 GET /test 2 '],
    onlyOurs: [],
  },
  {
    capture: 'suricata-verify/tcp-urgp-01-oob/tcp-urgent1.pcap',
    reason:
      'a request line in three segments, "GET /malic", an urgent "X", and the rest: tshark does not take the ' +
      'first for HTTP on port 9090, and shows the same pair when it is told to (-d tcp.port==9090,http); an ' +
      'urgent byte is data as any other (RFC 6093)',
    onlyTshark: [],
    onlyOurs: ['10.10.10.44 43950 GET /malicXious 200 Fri, 11 Oct 2024 12:23:59 GMT'],
  },
  {
    capture: 'zeek/http/connect-with-smtp.pcap',
    reason:
      'the request line is "CONNECT mailin03.sul.t-online.de:25 / HTTP/1.0", and the target is all between ' +
      'method and version; tshark ends it at the first space',
    onlyTshark: ['79.26.245.236 3378 CONNECT mailin03.sul.t-online.de:25 200 '],
    onlyOurs: ['79.26.245.236 3378 CONNECT mailin03.sul.t-online.de:25 / 200 '],
  },
  {
    capture: 'zeek/http/methods.pcap',
    reason:
      'request lines without a target, without a space before the version, with the version "HTTP/1.", or ' +
      'with the method CCM_POST, none of which begins a request: their responses are written without one',
    onlyTshark: [
      '128.2.6.136 46565 OPTIONS  400 Sat, 01 Dec 2012 02:29:13 GMT',
      '128.2.6.136 46567 GET / 200 Sat, 01 Dec 2012 02:29:17 GMT',
      '128.2.6.136 46568 GET /HTTP/1.1 403 Sat, 01 Dec 2012 02:29:21 GMT',
      '128.2.6.136 46577 CCM_POST / 405 Sat, 01 Dec 2012 02:29:30 GMT',
      '128.2.6.136 46578 CCM_POST /HTTP/1.1 400 Sat, 01 Dec 2012 02:29:34 GMT',
      '128.2.6.136 46581 CCM_POST / 405 Sat, 01 Dec 2012 02:29:34 GMT',
      '128.2.6.136 46582 CONNECT / 400 Sat, 01 Dec 2012 02:29:38 GMT',
      '128.2.6.136 46583 CONNECT /HTTP/1.1 400 Sat, 01 Dec 2012 02:29:42 GMT',
      '128.2.6.136 46587 TRACE / 405 Sat, 01 Dec 2012 02:29:46 GMT',
      '128.2.6.136 46588 TRACE /HTTP/1.1 400 Sat, 01 Dec 2012 02:29:50 GMT',
      '128.2.6.136 46592 DELETE / 405 Sat, 01 Dec 2012 02:29:54 GMT',
      '128.2.6.136 46593 DELETE /HTTP/1.1 400 Sat, 01 Dec 2012 02:29:58 GMT',
      '128.2.6.136 46597 PUT / 411 Sat, 01 Dec 2012 02:30:02 GMT',
      '128.2.6.136 46598 PUT /HTTP/1.1 411 Sat, 01 Dec 2012 02:30:02 GMT',
      '128.2.6.136 46602 POST / 411 Sat, 01 Dec 2012 02:30:03 GMT',
      '128.2.6.136 46603 POST /HTTP/1.1 411 Sat, 01 Dec 2012 02:30:03 GMT',
      '128.2.6.136 46607 HEAD / 200 Sat, 01 Dec 2012 02:30:07 GMT',
      '128.2.6.136 46608 HEAD /HTTP/1.1 400 Sat, 01 Dec 2012 02:30:11 GMT',
    ],
    onlyOurs: [],
  },
];
