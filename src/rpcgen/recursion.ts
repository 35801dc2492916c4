import { onCycles } from "./depth-first.ts";
import {
  type FieldModel,
  type Model,
  type NamedType,
  namedTypes,
  type StructModel,
  type Type,
  type TypedefModel,
  withoutTypedefs,
} from "./model.ts";

/** Which types may contain themselves, and so need more care when bytes of a stranger are decoded. */
export class Recursion {
  private readonly recursive: ReadonlySet<NamedType>;

  constructor(model: Model) {
    const types = namedTypes(model);
    const typedefs = types.filter((type) => type.kind === "typedef");
    const others = [...onCycles(types, neighbours)].filter((type) => type.kind !== "typedef");
    // For a typedef only typedefs count: whatever else it leads to counts for itself.
    this.recursive = new Set<NamedType>([...others, ...onCycles(typedefs, typedefsBehind)]);
  }

  /** Whether decoding a value of the type may decode another one inside it, other than along a linked list. */
  isRecursive(type: NamedType): boolean {
    return this.recursive.has(type);
  }
}

/**
 * The last field of a struct that is a linked list through it, `struct node { …; node *next; }`. Such a list is
 * decoded and encoded in a loop, so that its length costs no stack.
 */
export function tailLink(struct: StructModel): FieldModel | undefined {
  const last = struct.fields.at(-1);
  if (last === undefined) return undefined;
  const type = withoutTypedefs(last.type);
  return type.kind === "optional" && withoutTypedefs(type.element) === struct ? last : undefined;
}

/** Whether an optional's value needs a box, because null would be one of the values inside as well. */
export function isBoxed(element: Type): boolean {
  return withoutTypedefs(element).kind === "optional";
}

/** The named types in a type. */
function neighbours(type: NamedType): NamedType[] {
  return fieldTypes(type).flatMap(namedIn);
}

function typedefsBehind(type: TypedefModel): TypedefModel[] {
  return neighbours(type).filter((other) => other.kind === "typedef");
}

function fieldTypes(type: NamedType): Type[] {
  switch (type.kind) {
    case "enum":
      return [];
    case "typedef":
      return [type.target];
    case "struct": {
      const tail = tailLink(type);
      return type.fields.filter((field) => field !== tail).map((field) => field.type);
    }
    case "union": {
      const fields = [...type.arms.map((arm) => arm.field), type.otherwise?.field];
      return fields.flatMap((field) => (field === undefined ? [] : [field.type]));
    }
  }
}

function namedIn(type: Type): NamedType[] {
  switch (type.kind) {
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return [type];
    case "optional":
    case "fixed array":
    case "variable array":
      return namedIn(type.element);
    default:
      return [];
  }
}
