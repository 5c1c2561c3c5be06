/** Where a message came from and went to, as text lines show it: offsets into the bytes beside it. */
export interface Ends {
  /** 4 or 16. */
  addressLength: number;
  sourceAddressOffset: number;
  targetAddressOffset: number;
  sourcePort: number;
  targetPort: number;
  vlanTagsCount: number;
  /** Outer first; the first `vlanTagsCount` are of meaning. */
  readonly vlanIds: Uint16Array;
}
