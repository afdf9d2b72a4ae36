import { TCP_OPTIONS } from "../protocol/tcp_option.ts";
import { NOWHERE } from "../text/source.ts";
import type { OptionExpr } from "../tree/typed.ts";
import { integerType } from "../types.ts";

/** The TCP option and field at this place, or its raw form. */
export function OPTION_BY_TYPE(type: number, offset: number, bits: number): OptionExpr {
  const named = [...TCP_OPTIONS.values()].filter((option) =>
    option.type === type && option.name !== "sack-permitted" && option.name !== "sack0" &&
    option.name !== "mss"
  );
  const base = { kind: "option" as const, offset, bits, order: "big" as const, span: NOWHERE };
  for (const option of named) {
    const field = option.fields.find((known) => known.offset === offset && known.bits === bits);
    if (field !== undefined) return { ...base, option, field, type: field.type };
  }
  const known = named.find((option) =>
    option.fields.some((field) => field.offset >= offset && field.offset < offset + bits)
  );
  if (known !== undefined && offset + bits <= 32 && offset > 0) {
    return { ...base, option: known, type: integerType };
  }
  const option = known ?? { name: type.toString(), type, fields: [] };
  return {
    ...base,
    option: named[0] ?? option,
    type: integerType,
    ...(named[0] === undefined || offset > 0 ? { raw: true as const } : {}),
  };
}
