import type { Expression, Verdict } from "./expression.ts";

/** Expressions as `nft --debug=netlink` 1.0.6 prints them: one line each, 32-bit words in host order. */
export function netlinkText(expression: Expression): string {
  return `  [ ${line(expression)} ]`;
}

function line(e: Expression): string {
  switch (e.kind) {
    case "meta":
      return `meta load ${META_NAMES[e.key] ?? e.key} => reg ${e.dreg}`;
    case "meta set":
      return `meta set ${META_NAMES[e.key] ?? e.key} with reg ${e.sreg}`;
    case "payload":
      return `payload load ${e.length}b @ ${e.base} header + ${e.offset} => reg ${e.dreg}`;
    case "inner": {
      const { load } = e;
      const text = load.kind === "payload" && load.base === "tunnel"
        ? `payload load ${load.length}b @ unknown header + ${load.offset} => reg ${load.dreg}`
        : line(load as Expression);
      return `inner type ${e.type} hdrsize ${e.headerSize} flags ${e.flags.toString(16)} [ ${text} ]`;
    }
    case "payload write":
      return `payload write reg ${e.sreg} => ${e.length}b @ ${e.base} header + ${e.offset} csum_type ${e.checksumType} ` +
        `csum_off ${e.checksumOffset} csum_flags 0x${e.checksumFlags.toString(16)}`;
    case "exthdr":
      return `exthdr load ${e.op === "sctp" ? "" : e.op + " "}${e.length}b @ ${e.type} + ${e.offset}${
        e.present ? " present" : ""
      } => reg ${e.dreg}`;
    case "exthdr write":
      return `exthdr write ${e.op} reg ${e.sreg} => ${e.length}b @ ${e.type} + ${e.offset}`;
    case "exthdr reset":
      return `exthdr reset ${e.op} ${e.type}`;
    case "cmp":
      return `cmp ${e.op} reg ${e.sreg} ${words(e.data)}`;
    case "range":
      return `range ${e.op} reg ${e.sreg} ${words(e.from)} ${words(e.to)}`;
    case "bitwise":
      return `bitwise reg ${e.dreg} = ( reg ${e.sreg} & ${words(e.mask)} ) ^ ${words(e.xor)}`;
    case "bitwise registers":
      return `bitwise reg ${e.dreg} = ( reg ${e.sreg} ${e.op} reg ${e.sreg2} )`;
    case "shift":
      return `bitwise reg ${e.dreg} = ( reg ${e.sreg} ${e.op} ${hex(e.bits)} )`;
    case "byteorder":
      return `byteorder reg ${e.dreg} = ${e.op}(reg ${e.sreg}, ${e.size}, ${e.length})`;
    case "immediate":
      return `immediate reg ${e.dreg} ${words(e.data)}`;
    case "verdict":
      return `immediate reg 0 ${verdictText(e.verdict)}`;
    case "lookup":
      return `lookup reg ${e.sreg} set ${setName(e.set)}${e.dreg === undefined ? "" : ` dreg ${e.dreg}`}${
        e.inverted ? " 0x1" : ""
      }`;
    case "dynset":
      return `dynset ${e.op} reg_key ${e.key} set ${e.set}${
        e.data === undefined ? "" : ` sreg_data ${e.data}`
      }` +
        `${e.timeout === undefined ? "" : ` timeout ${e.timeout}ms`}` +
        (e.statements ?? []).map((inner) => ` expr [ ${line(inner)} ]`).join("");
    case "ct":
      return `ct load ${e.key === "id" ? "unknown" : e.key} => reg ${e.dreg}${
        e.direction === undefined ? "" : ` , dir ${e.direction}`
      }`;
    case "ct set":
      return `ct set ${e.key} with reg ${e.sreg}${e.direction === undefined ? "" : ` , dir ${e.direction}`}`;
    case "rt":
      return `rt load ${e.key} => reg ${e.dreg}`;
    case "fib":
      return `fib ${e.flags.join(" . ")} ${e.result}${e.present ? " present" : ""} => reg ${e.dreg}`;
    case "counter":
      return `counter pkts ${e.packets} bytes ${e.bytes}`;
    case "limit":
      return `limit rate ${e.rate}/${UNITS.get(e.unit) ?? "second"} burst ${e.burst} type ${e.type} flags 0x${
        e.inverted ? 1 : 0
      }`;
    case "quota":
      return `quota bytes ${e.bytes} consumed ${e.used} flags ${e.inverted ? 1 : 0}`;
    case "connlimit":
      return `connlimit count ${e.count} flags ${e.inverted ? 1 : 0}`;
    case "last":
      return e.used === undefined ? "last never" : `last ${e.used}`;
    case "log":
      return logLine(e);
    case "objref":
      return `objref type ${e.type} name ${e.name}`;
    case "objref map":
      return `objref sreg ${e.sreg} set ${setName(e.set)}`;
    case "numgen":
      return `numgen reg ${e.dreg} = ${e.mode} mod ${e.modulus}${offset(e.offset)}`;
    case "hash":
      return e.mode === "symhash"
        ? `hash reg ${e.dreg} = symhash() % mod ${e.modulus}${offset(e.offset)}`
        : `hash reg ${e.dreg} = jhash(reg ${e.sreg ?? 0}, ${e.length ?? 0}, 0x${
          (e.seed ?? 0).toString(16)
        }) % mod ` +
          `${e.modulus}${offset(e.offset)}`;
    case "socket":
      return `socket load ${e.key} => reg ${e.dreg}`;
    case "osf":
      return `osf dreg ${e.dreg}`;
    case "xfrm":
      return `xfrm load ${e.direction} ${e.template} ${e.key} => reg ${e.dreg}`;
    case "queue": {
      const numbers = e.sreg === undefined
        ? `num ${e.from}${e.to === e.from ? "" : `-${e.to}`}`
        : `sreg_qnum ${e.sreg}`;
      return `queue ${numbers}${e.bypass ? " bypass" : ""}${e.fanout ? " fanout" : ""}`;
    }
    case "dup":
      return `dup${plain(" sreg_addr", e.address)}${plain(" sreg_dev", e.device)}`;
    case "fwd":
      return `fwd sreg_dev ${e.device}${plain(" sreg_addr", e.address)}` +
        (e.family === undefined ? "" : ` nfproto ${e.family === "ip" ? 2 : 10}`);
    case "tproxy":
      return `tproxy${e.family === undefined ? "" : ` ${e.family}`}${register(" addr", e.address)}` +
        register(" port", e.port);
    case "synproxy":
      return `synproxy mss ${e.mss} wscale ${e.wscale}`;
    case "flow offload":
      return `flow_offload flowtable ${e.flowtable}`;
    case "reject":
      return `reject type ${e.type === "icmp" ? 0 : e.type === "tcp reset" ? 1 : 2} code ${e.code}`;
    case "nat":
      return `nat ${e.type} ${e.family}${register(" addr_min", e.addressMin)}${
        register(" addr_max", e.addressMax)
      }` +
        `${register(" proto_min", e.portMin)}${register(" proto_max", e.portMax)}${flags(e.flags)}`;
    case "masquerade":
      return `masq${register(" proto_min", e.portMin)}${register(" proto_max", e.portMax)}${flags(e.flags)}`;
    case "redirect":
      return `redir${register(" proto_min", e.portMin)}${register(" proto_max", e.portMax)}${flags(e.flags)}`;
    case "notrack":
      return "notrack";
  }
}

const META_NAMES: Readonly<Record<string, string>> = { random: "prandom" };
const UNITS = new Map([[1, "second"], [60, "minute"], [3600, "hour"], [86400, "day"], [604800, "week"]]);
const LOG_WORDS = [[1, "tcpseq"], [2, "tcpopt"], [4, "ipopt"], [8, "uid"], [32, "macdecode"]] as const;

const hex = (value: number): string => "0x" + value.toString(16).padStart(8, "0");
const register = (name: string, number: number | undefined): string =>
  number === undefined ? "" : `${name} reg ${number}`;
const plain = (
  name: string,
  number: number | undefined,
): string => (number === undefined ? "" : `${name} ${number}`);
const offset = (value: number): string => (value === 0 ? "" : ` offset ${value}`);
const flags = (bits: number): string => (bits === 0 ? "" : ` flags 0x${bits.toString(16)}`);
/** The kernel numbers anonymous sets when it makes them; before that they are `__set%d`. */
const setName = (name: string): string => name.replace(/^(__set|__map|__objmap)\d+$/, "$1%d");

/** Bytes as 32-bit words, the last one padded with zeros. */
export function words(data: Uint8Array): string {
  const texts: string[] = [];
  for (let at = 0; at < data.length; at += 4) {
    let word = 0;
    for (let index = 3; index >= 0; index--) word = word * 256 + (data[at + index] ?? 0);
    texts.push(hex(word));
  }
  return texts.join(" ");
}

export function verdictText(verdict: Verdict): string {
  return verdict.code === "jump" || verdict.code === "goto"
    ? `${verdict.code} -> ${verdict.chain}`
    : verdict.code;
}

function logLine(e: Extract<Expression, { kind: "log" }>): string {
  let text = "log";
  if (e.prefix !== undefined) text += ` prefix ${e.prefix}`;
  if (e.group !== undefined) {
    return `${text} group ${e.group} snaplen ${e.snaplen ?? 0} qthreshold ${e.threshold ?? 0}`;
  }
  if (e.level !== undefined) text += ` level ${e.level}`;
  else if (e.prefix !== undefined || e.flags !== undefined) text += "";
  for (const [bit, word] of LOG_WORDS) if (((e.flags ?? 0) & bit) !== 0) text += ` ${word}`;
  return text;
}
