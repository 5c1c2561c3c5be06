/** Which UDP ports carry packets within their datagrams. */

export const PORT_GTP_U = 2152;
export const PORT_GENEVE = 6081;
export const PORT_L2TP = 1701;
export const PORT_TEREDO = 3544;
export const PORT_GRE = 4754;
export const PORT_VXLAN_GPE = 4790;
/** IANA's, and the one that Linux used before there was one. */
export const PORTS_VXLAN: readonly number[] = [4789, 8472];

/** What a UDP port carries, by port: index of `Segment.udpTunnels`. */
export const UDP_TUNNEL_NONE = 0;
export const UDP_TUNNEL_VXLAN = 1;
export const UDP_TUNNEL_GENEVE = 2;
export const UDP_TUNNEL_GTP_U = 3;
export const UDP_TUNNEL_VXLAN_GPE = 4;
export const UDP_TUNNEL_GRE = 5;
export const UDP_TUNNEL_L2TP = 6;
export const UDP_TUNNEL_TEREDO = 7;

const PORTS_COUNT = 65_536;

/** @param vxlanPorts ports of VXLAN besides the usual ones */
export function createUdpTunnels(vxlanPorts: readonly number[]): Uint8Array {
  const tunnels = new Uint8Array(PORTS_COUNT);
  tunnels[PORT_GTP_U] = UDP_TUNNEL_GTP_U;
  tunnels[PORT_GENEVE] = UDP_TUNNEL_GENEVE;
  tunnels[PORT_VXLAN_GPE] = UDP_TUNNEL_VXLAN_GPE;
  tunnels[PORT_GRE] = UDP_TUNNEL_GRE;
  tunnels[PORT_L2TP] = UDP_TUNNEL_L2TP;
  tunnels[PORT_TEREDO] = UDP_TUNNEL_TEREDO;
  for (const port of [...PORTS_VXLAN, ...vxlanPorts]) {
    tunnels[port] = UDP_TUNNEL_VXLAN;
  }
  return tunnels;
}
