import type { Frame } from '../capture/frame.ts';
import {
  LINKTYPE_C_HDLC,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NETWORK,
  LINKTYPE_NFLOG,
  LINKTYPE_NULL,
  LINKTYPE_PPP,
  LINKTYPE_PPP_ETHER,
  LINKTYPE_PPP_HDLC,
  LINKTYPE_RAW,
  LINKTYPE_RAW_BSD,
  LINKTYPE_RAW_OPENBSD,
} from '../capture/link-types.ts';
import { decodeEtherType, pushVlanId } from './ether-type.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { decodeLinuxSll, decodeLinuxSll2 } from './linux-sll.ts';
import { decodeNflog } from './nflog.ts';
import { decodePppoeSession, decodeSerialLine } from './ppp.ts';
import { decodeNullLoop, decodeRawIp } from './raw-ip.ts';
import { NO_TRANSLATION, type Segment } from './segment.ts';
import { VERDICT_LINK_UNSUPPORTED } from './verdicts.ts';

/**
 * Decodes a frame of any supported link type down to its TCP payload.
 *
 * @returns a verdict; only VERDICT_SEGMENT leaves `segment` whole
 */
export function decodeFrame(frame: Frame, segment: Segment): number {
  const { bytes, offset, end } = frame;
  segment.vlanTagsCount = 0;
  segment.tunnelsCount = 0;
  segment.device = 0;
  segment.translation = NO_TRANSLATION;
  if (frame.vlanTagged === 1) {
    pushVlanId(segment, frame.vlanTci);
  }
  switch (frame.linkType) {
    case LINKTYPE_ETHERNET:
      return decodeEthernet(bytes, offset, end, segment);
    case LINKTYPE_NETWORK:
      segment.device = frame.device;
      return decodeEtherType(bytes, frame.etherType, offset, end, segment);
    case LINKTYPE_LINUX_SLL:
      return decodeLinuxSll(bytes, offset, end, segment);
    case LINKTYPE_LINUX_SLL2:
      return decodeLinuxSll2(bytes, offset, end, segment);
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_BSD:
    case LINKTYPE_RAW_OPENBSD:
      return decodeRawIp(bytes, offset, end, segment);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      return decodeNullLoop(bytes, offset, end, segment);
    case LINKTYPE_IPV4:
      return decodeIpv4(bytes, offset, end, segment);
    case LINKTYPE_IPV6:
      return decodeIpv6(bytes, offset, end, segment);
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
    case LINKTYPE_C_HDLC:
      return decodeSerialLine(bytes, offset, end, segment);
    case LINKTYPE_PPP_ETHER:
      return decodePppoeSession(bytes, offset, end, segment);
    case LINKTYPE_NFLOG:
      return decodeNflog(bytes, offset, end, segment);
    default:
      return VERDICT_LINK_UNSUPPORTED;
  }
}
