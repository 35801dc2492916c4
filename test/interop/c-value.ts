import type {
  ArmModel,
  BytesType,
  FieldModel,
  StructModel,
  Type,
  UnionModel,
} from "../../src/rpcgen/model.ts";
import type { Names } from "../../src/rpcgen/names.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Writes values as C: assignments to a variable of the type that rpcgen declares.
 *
 * How rpcgen names the parts: a sequence called `x` has `x_len` and `x_val`, where `x` is the name of the typedef,
 * or of the field when it has no typedef; the arms of a union `u` are in `u_u`.
 */
export class CValues {
  private readonly names: Names;
  private temporaries = 0;

  constructor(names: Names) {
    this.names = names;
  }

  /**
   * @param place  what is assigned to, a C expression
   * @param name  what the type is called in the `.x` file; of an anonymous type, the name of the field
   * @returns statements, a line each
   */
  assign(place: string, name: string, type: Type, value: unknown): string[] {
    switch (type.kind) {
      case "void":
        return [];
      case "bool":
        return [`${place} = ${value === true ? "TRUE" : "FALSE"};`];
      case "int":
      case "enum":
        return [`${place} = ${cInteger(value as number, "")};`];
      case "uint":
        return [`${place} = ${String(value)}U;`];
      case "hyper":
        return [`${place} = ${cInteger(value as number, "LL")};`];
      case "uhyper":
        return [`${place} = ${String(value)}ULL;`];
      case "fixed opaque":
        return [`memcpy(${place}, ${cString(value as Uint8Array)}, ${(value as Uint8Array).length});`];
      case "variable opaque":
      case "string":
        return this.assignBytes(place, name, type, value);
      case "variable array":
        return this.assignArray(place, name, type.element, value as readonly unknown[]);
      case "optional":
        return this.assignOptional(place, type.element, value);
      case "typedef":
        return this.assign(place, type.name, type.target, value);
      case "struct":
        return this.assignStruct(place, type, value as Fields);
      case "union":
        return this.assignUnion(place, type, value as Fields);
      default:
        throw new Error(`no contract of ours has a ${type.kind}`);
    }
  }

  private assignBytes(place: string, name: string, type: BytesType, value: unknown): string[] {
    if (type.kind === "string") return [`${place} = (char *)${cString(Buffer.from(value as string))};`];
    const bytes = value as Uint8Array;
    return [`${place}.${name}_len = ${bytes.length};`, `${place}.${name}_val = (char *)${cString(bytes)};`];
  }

  private assignArray(place: string, name: string, element: Type, items: readonly unknown[]): string[] {
    const array = this.temporary();
    return [
      `static ${cType(element)} ${array}[${Math.max(items.length, 1)}];`,
      `${place}.${name}_len = ${items.length};`,
      `${place}.${name}_val = ${array};`,
      ...items.flatMap((item, i) => this.assign(`${array}[${i}]`, "", element, item)),
    ];
  }

  private assignOptional(place: string, element: Type, value: unknown): string[] {
    if (value === null) return [`${place} = NULL;`];
    const target = this.temporary();
    return [
      `static ${cType(element)} ${target};`,
      `${place} = &${target};`,
      ...this.assign(target, "", element, value),
    ];
  }

  private assignStruct(place: string, struct: StructModel, value: Fields): string[] {
    return struct.fields.flatMap((field) => this.assignField(place, field, value));
  }

  private assignUnion(place: string, union: UnionModel, value: Fields): string[] {
    const discriminant = value[this.names.field(union.discriminant)];
    const isChosen = ({ labels }: ArmModel): boolean => labels.some((label) => label.value === discriminant);
    const { field } = union.arms.find(isChosen) ?? union.otherwise ?? {};
    return [
      ...this.assignField(place, union.discriminant, value),
      ...(field === undefined ? [] : this.assignField(`${place}.${union.name}_u`, field, value)),
    ];
  }

  private assignField(place: string, field: FieldModel, value: Fields): string[] {
    return this.assign(`${place}.${field.name}`, field.name, field.type, value[this.names.field(field)]);
  }

  private temporary(): string {
    this.temporaries += 1;
    return `t${this.temporaries}`;
  }
}

/** The C type of an element: arrays and optionals of ours have elements with a name. */
function cType(type: Type): string {
  if ("name" in type) return type.name;
  throw new Error(`no contract of ours has an array of ${type.kind}`);
}

/** The least integer has no literal in C: its digits alone would be too large. */
function cInteger(value: number, suffix: string): string {
  return value < 0 ? `(-${-(value + 1)}${suffix} - 1)` : `${value}${suffix}`;
}

/** A string literal with exactly these bytes, and a zero byte behind them. */
function cString(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}"`;
}
