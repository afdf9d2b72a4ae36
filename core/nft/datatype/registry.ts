import type { DataType } from "../types.ts";
import { integerType, stringType, verdictType } from "../types.ts";
import { etherType, ipv4Type, ipv6Type, linkLayerType } from "./address.ts";
import {
  ctDirectionType,
  ctEventType,
  ctLabelType,
  ctStateType,
  ctStatusType,
  tcpFlagType,
} from "./connection.ts";
import { icmpCodeType, icmpTypeType, icmpv6CodeType, icmpv6TypeType, icmpxCodeType } from "./icmp.ts";
import {
  deviceGroupType,
  groupType,
  interfaceIndexType,
  interfaceNameType,
  interfaceTypeType,
  userType,
} from "./interface.ts";
import { inetProtocolType, inetServiceType } from "./protocol.ts";
import * as symbolic from "./symbolic.ts";
import { hourType, timeType } from "./time.ts";

/** Types a set may be declared with: `type NAME`. */
export const DATA_TYPES: ReadonlyMap<string, DataType> = new Map(
  [
    integerType,
    stringType,
    verdictType,
    etherType,
    linkLayerType,
    ipv4Type,
    ipv6Type,
    inetProtocolType,
    inetServiceType,
    interfaceNameType,
    interfaceIndexType,
    interfaceTypeType,
    deviceGroupType,
    userType,
    groupType,
    timeType,
    hourType,
    ctStateType,
    ctStatusType,
    ctDirectionType,
    ctLabelType,
    ctEventType,
    tcpFlagType,
    icmpTypeType,
    icmpCodeType,
    icmpv6TypeType,
    icmpv6CodeType,
    icmpxCodeType,
    symbolic.markType,
    symbolic.booleanType,
    symbolic.netfilterProtocolType,
    symbolic.packetTypeType,
    symbolic.etherTypeType,
    symbolic.dscpType,
    symbolic.ecnType,
    symbolic.dayType,
    symbolic.fibTypeType,
    symbolic.mobilityType,
    symbolic.arpOperationType,
    symbolic.igmpType,
    symbolic.dccpType,
    symbolic.realmType,
    symbolic.classIdType,
  ].map((type) => [type.name, type]),
);
