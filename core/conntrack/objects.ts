import type { PacketBatch } from "../packet/batch.ts";
import { PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { expectationMask, type Expectations } from "./expect.ts";
import { helperSlot } from "./helpers.ts";
import { KEY_META, KEY_PORTS, keyMeta, newKey } from "./key.ts";
import type { TimeoutPolicies } from "./policies.ts";
import { IPS_CONFIRMED, IPS_DYING, IPS_HELPER, ORIGINAL } from "./status.ts";
import type { FlowTable } from "./table.ts";

/** What applying an object comes to for the rule. */
export const OBJECT_DONE = 0;
export const OBJECT_BREAK = 1;
export const OBJECT_DROP = 2;

/**
 * Objects that rules give to new flows: helpers, timeout policies, expectations (nft_ct.c).
 *
 * Overview    `install` takes those of a program, `apply` gives the one of a number to the packet's flow. All of them
 *             mean only a flow whose first packet has not left yet; others go on, or do not match (expectations).
 * Ownership   the data-plane thread; `install` between batches.
 */
export class FlowObjects {
  readonly #table: FlowTable;
  readonly #expectations: Expectations;
  readonly #policies: TimeoutPolicies;
  #objects: readonly FlowObject[] = [];
  /** By object: the helper's or the policy's slot. */
  #slots: readonly number[] = [];
  readonly #key = newKey();
  readonly #mask = expectationMask(true, false);

  constructor(table: FlowTable, expectations: Expectations, policies: TimeoutPolicies) {
    this.#table = table;
    this.#expectations = expectations;
    this.#policies = policies;
  }

  /** Takes over the objects of a program: their numbers are their places. */
  install(objects: readonly FlowObject[]): void {
    this.#objects = objects;
    const policies = this.#policies.install(objects.filter((o) => o.kind === "ct timeout"));
    let next = 0;
    this.#slots = objects.map((o) =>
      o.kind === "ct timeout"
        ? policies[next++]!
        : o.kind === "ct helper"
        ? helperSlot(o.helper, protocolOf(o))
        : 0
    );
  }

  /** OBJECT_*: whether the rule goes on. */
  apply(number: number, batch: PacketBatch, row: number): number {
    const object = this.#objects[number], flow = batch.flow[row]!, table = this.#table;
    const fresh = flow >= 0 && (table.status[flow]! & (IPS_CONFIRMED | IPS_DYING)) === 0;
    if (object === undefined) return OBJECT_DONE;
    if (object.kind === "ct expectation") {
      return fresh ? this.#expect(object, batch, flow, batch.direction[row]!) : OBJECT_BREAK;
    }
    if (!fresh || table.protocol(flow) !== protocolOf(object) || !this.#familyFits(object, flow)) {
      return OBJECT_DONE;
    }
    const slot = this.#slots[number]!;
    if (object.kind === "ct timeout") {
      table.assigned.setPolicy(flow, slot);
      table.refresh(flow, this.#policies.first(slot), batch.now >>> 0);
    } else if ((table.status[flow]! & IPS_HELPER) === 0) {
      table.setHelperSlot(flow, slot);
      table.status[flow]! |= IPS_HELPER;
    }
    return OBJECT_DONE;
  }

  #familyFits({ family }: FlowObject, flow: number): boolean {
    return family === "inet" || (family === "ip") === (this.#table.family(flow) === 4);
  }

  /** The other end may open one to the port (nft_ct_expect_obj_eval). */
  #expect(object: ExpectationObject, batch: PacketBatch, flow: number, direction: number): number {
    const table = this.#table, expectations = this.#expectations, key = this.#key;
    if (expectations.countOf(flow) >= object.size) return OBJECT_BREAK;
    if (!this.#familyFits(object, flow)) return OBJECT_BREAK;
    table.readKey(flow, 1 - direction, key);
    key[KEY_PORTS] = object.port;
    key[KEY_META] = keyMeta(protocolOf(object), table.family(flow), table.zone(flow, ORIGINAL));
    if (!expectations.makeWay(key, this.#mask, flow)) return OBJECT_DROP;
    const slot = expectations.add(key, this.#mask, flow, batch.now >>> 0, object.timeout);
    return slot < 0 ? OBJECT_DROP : OBJECT_DONE;
  }
}

/** As the ruleset declares them; `name` is unique over tables. */
export type FlowObject = HelperObject | TimeoutObject | ExpectationObject;

interface Common {
  readonly name: string;
  readonly protocol: "tcp" | "udp";
  readonly family: "ip" | "ip6" | "inet";
}

interface HelperObject extends Common {
  readonly kind: "ct helper";
  readonly helper: string;
}

interface TimeoutObject extends Common {
  readonly kind: "ct timeout";
  readonly policy: readonly (readonly [state: string, seconds: number])[];
}

interface ExpectationObject extends Common {
  readonly kind: "ct expectation";
  readonly port: number;
  /** Milliseconds. */
  readonly timeout: number;
  /** Most of one flow at a time. */
  readonly size: number;
}

const protocolOf = ({ protocol }: Common): number => protocol === "tcp" ? PROTOCOL_TCP : PROTOCOL_UDP;
