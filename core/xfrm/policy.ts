import type { Address } from "../packet/address.ts";
import type { PacketColumns } from "../packet/columns.ts";
import { XfrmError } from "./error.ts";
import { type InterfaceIndex, type Selector, SelectorMatch } from "./selector.ts";
import type { Limits, Mark, Mode, State } from "./state.ts";

/** A policy in the words of `ip xfrm policy`. */
export interface PolicyOptions {
  readonly selector: Selector;
  readonly direction: Direction;
  /** Lower ones are asked first; 0 unless told. */
  readonly priority?: number;
  /** allow unless told. */
  readonly action?: "allow" | "block";
  readonly mark?: Mark;
  readonly flags?: readonly PolicyFlag[];
  readonly limits?: Limits;
  /** In the order they are applied to what leaves. */
  readonly templates?: readonly Template[];
}

export type Direction = "in" | "out" | "fwd";
export const POLICY_FLAGS = ["localok", "icmp"] as const;
export type PolicyFlag = typeof POLICY_FLAGS[number];

/** Which states do. Missing addresses are the packet's own, missing numbers any. */
export interface Template {
  readonly source?: Address;
  readonly destination?: Address;
  readonly spi?: number;
  readonly reqid?: number;
  readonly mode: Mode;
  /** `use`: where there is none, the packet goes without. required unless told. */
  readonly level?: "required" | "use";
}

/** More are refused: a secpath has room for two. */
export const MOST_TEMPLATES = 2;

/** @throws XfrmError for what no policy can be. */
export function checkPolicy({ templates = [] }: PolicyOptions): void {
  if (templates.length > MOST_TEMPLATES) {
    throw new XfrmError(
      `a policy has ${MOST_TEMPLATES} templates at most, not ${templates.length}`,
      "tmpl",
      0,
    );
  }
  for (const { mode, source, destination } of templates) {
    if (mode === "tunnel" && (source === undefined || destination === undefined)) {
      throw new XfrmError("a template of tunnel mode needs src and dst", "tmpl", 0);
    }
  }
}

/** A policy ready for packets. */
export class Policy {
  readonly options: PolicyOptions;
  /** What a config says of it, where one does. */
  configured: PolicyOptions | undefined;
  /** Number it is known by, and which came before which. */
  index = 0;
  age = 0;
  readonly match: SelectorMatch;
  readonly block: boolean;
  readonly priority: number;
  readonly markValue: number;
  readonly markMask: number;
  readonly templates: readonly TemplateMatch[];

  constructor(options: PolicyOptions, index: InterfaceIndex) {
    this.options = options;
    this.match = new SelectorMatch(options.selector, index);
    this.block = options.action === "block";
    this.priority = options.priority ?? 0;
    this.markMask = options.mark?.mask ?? 0;
    this.markValue = ((options.mark?.value ?? 0) & this.markMask) >>> 0;
    this.templates = (options.templates ?? []).map((template) => new TemplateMatch(template));
  }

  matches(packet: PacketColumns, row: number, device: number): boolean {
    return ((packet.mark[row]! & this.markMask) >>> 0) === this.markValue &&
      this.match.matches(packet, row, device);
  }
}

/** A template ready for packets, and the state it found last. */
export class TemplateMatch {
  readonly tunnel: boolean;
  readonly optional: boolean;
  readonly spi: number;
  readonly reqid: number;
  readonly family: 4 | 6 | 0;
  readonly source: Uint32Array | undefined;
  readonly destination: Uint32Array | undefined;
  found: State | undefined;
  foundGeneration = -1;

  constructor(template: Template) {
    this.tunnel = template.mode === "tunnel";
    this.optional = template.level === "use";
    this.spi = template.spi ?? 0;
    this.reqid = template.reqid ?? 0;
    this.family = template.destination?.family ?? template.source?.family ?? 0;
    this.source = words(template.source);
    this.destination = words(template.destination);
  }

  /** Whether a state may do, addresses aside (xfrm_state_ok). */
  accepts(state: State): boolean {
    return state.tunnel === this.tunnel && (this.spi === 0 || state.options.spi === this.spi) &&
      (this.reqid === 0 || state.options.reqid === this.reqid);
  }

  /** Whether a state's ends are the template's, where it names some. */
  joins(state: State): boolean {
    return (this.source === undefined || same(this.source, 0, state.source)) &&
      (this.destination === undefined || same(this.destination, 0, state.destination)) &&
      (this.family === 0 || this.family === state.family);
  }
}

const words = (address: Address | undefined): Uint32Array | undefined =>
  address === undefined || address.words.every((word) => word === 0)
    ? undefined
    : Uint32Array.from(address.words);

export const same = (a: Uint32Array, lane: number, b: Uint32Array): boolean =>
  a[lane] === b[0] && a[lane + 1] === b[1] && a[lane + 2] === b[2] && a[lane + 3] === b[3];
