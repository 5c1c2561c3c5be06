import { createBpfCode } from '../capture/bpf-code.ts';
import { runBpf } from '../capture/bpf-interpreter.ts';
import { compileFilter } from '../capture/compile-filter.ts';
import { LINKTYPE_ETHERNET } from '../capture/link-types.ts';
import { SNAPLEN_MAX } from '../limits.ts';
import type { FrameFilter } from './pipeline-state.ts';

/**
 * Makes a replay's `-f`: the expression is compiled by the machine's libpcap, once a link type, and run by
 * our own interpreter.
 *
 * @throws HttplogError HTTPLOG_FILTER (2) for a wrong expression, HTTPLOG_LIBPCAP_MISSING (3)
 */
export function createFrameFilter(expression: string): FrameFilter {
  const compile = (linkType: number) =>
    createBpfCode(compileFilter({ expression, linkType, snaplen: SNAPLEN_MAX }));
  // At once, so that a wrong expression is told before the first packet.
  let linkType = LINKTYPE_ETHERNET;
  let code = compile(linkType);
  const codes = new Map([[linkType, code]]);
  return (frame) => {
    if (frame.linkType !== linkType) {
      linkType = frame.linkType;
      code = codes.get(linkType) ?? compile(linkType);
      codes.set(linkType, code);
    }
    return runBpf(code, frame.bytes, frame.offset, frame.end, frame.wireLength, null) !== 0;
  };
}
