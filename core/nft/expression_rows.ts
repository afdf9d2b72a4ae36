import { fingerprintOperand, numgenOperand, socketOperand, xfrmOperand } from "./check/generated.ts";
import { booleanType } from "./datatype/symbolic.ts";
import { FIB_TYPES, ROUTE_TYPES } from "./check/route.ts";
import { FIB_FLAGS } from "./parse/head.ts";
import { OSF_TTL, SOCKET_KEYS, XFRM_KEYS } from "./parse/head_more.ts";
import { NOWHERE } from "./text/source.ts";
import { type DataType, integerType } from "./types.ts";

/** Something a rule may look at whose words take operands: `fib saddr . iif oif`, `numgen inc mod 4`. */
export interface ExpressionRow {
  /** Its words without operands: `fib oif`. */
  readonly name: string;
  /** What it is of: `fib`, `rt`, `socket`. */
  readonly group: string;
  /** How it is written; capitals are operands, what stands in brackets may be left out. */
  readonly syntax: string;
  /** One way to write it that stands by itself. */
  readonly example: string;
  readonly type: DataType;
  readonly bits: number;
  readonly help: string;
  /** Of every operand the words it may be; an operand without words is a number or an expression. */
  readonly operands: Readonly<Record<string, readonly string[]>>;
}

const row = (
  name: string,
  syntax: string,
  example: string,
  { type, bits }: { type: DataType; bits: number },
  help: string,
  operands: ExpressionRow["operands"] = {},
): ExpressionRow => ({ name, group: name.split(" ")[0]!, syntax, example, type, bits, help, operands });

const FIB_HELP: Readonly<Record<string, string>> = {
  oif: "number of the interface a route lookup gives",
  oifname: "name of the interface a route lookup gives",
  type: "kind of address a route lookup finds",
};

function* rows(): Generator<ExpressionRow> {
  for (const [result, type] of Object.entries(FIB_TYPES)) {
    yield row(
      `fib ${result}`,
      `fib KEY [. KEY ...] ${result}`,
      `fib daddr ${result}`,
      {
        type,
        bits: type.bits,
      },
      FIB_HELP[result] ?? result,
      { KEY: FIB_FLAGS },
    );
  }
  yield row(
    "fib check",
    "fib KEY [. KEY ...] check",
    "fib daddr check",
    { type: booleanType, bits: 1 },
    "whether a route lookup finds one",
    { KEY: FIB_FLAGS },
  );
  for (const [key, { type, bits, help }] of Object.entries(ROUTE_TYPES)) {
    const words = `rt ${key}`;
    yield row(words, words, words, { type, bits }, help);
  }
  for (const key of SOCKET_KEYS) {
    yield row(`socket ${key}`, `socket ${key}`, `socket ${key}`, socketOperand(key), `${key} of the socket`);
  }
  for (const word of ["name", "version"]) {
    yield row(
      `osf ${word}`,
      `osf [ttl TTL] ${word}`,
      `osf ${word}`,
      fingerprintOperand(0, word === "version"),
      `operating system a SYN looks like${word === "version" ? ", with its version" : ""}`,
      { TTL: Object.keys(OSF_TTL) },
    );
  }
  for (const [words, key] of Object.entries(XFRM_KEYS)) {
    yield row(
      `ipsec ${words}`,
      `ipsec DIRECTION [spnum N] ${words}`,
      `ipsec in ${words}`,
      xfrmOperand("in", key, 0),
      `${words} of the IPsec state`,
      { DIRECTION: ["in", "out"], N: [] },
    );
  }
  yield row(
    "numgen",
    "numgen MODE mod N [offset N]",
    "numgen inc mod 2",
    { type: integerType, bits: numgenOperand({ mode: "inc", modulus: 2, offset: 0, span: NOWHERE }).bits },
    "a number in turn or at random, below a modulus",
    { MODE: ["inc", "random"], N: [] },
  );
  const hash = { type: integerType, bits: 32 };
  yield row(
    "jhash",
    "jhash EXPRESSION mod N [seed N] [offset N]",
    "jhash ip saddr mod 2",
    hash,
    "a hash of an expression, below a modulus",
    { EXPRESSION: [], N: [] },
  );
  yield row(
    "symhash",
    "symhash mod N [offset N]",
    "symhash mod 2",
    hash,
    "a hash that is the same in both directions, below a modulus",
    { N: [] },
  );
}

/** Rows of the language's expressions with operands, from what parser and checker know of them. */
export const EXPRESSION_ROWS: readonly ExpressionRow[] = [...rows()];
