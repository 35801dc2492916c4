import {
  type FieldModel,
  type Model,
  type NamedType,
  namedTypes,
  type StructModel,
  type Type,
  withoutTypedefs,
} from "./model.ts";

/** Which types may contain themselves, and so need more care when bytes of a stranger are decoded. */
export class Recursion {
  private readonly recursive = new Set<NamedType>();

  constructor(model: Model) {
    for (const type of namedTypes(model)) {
      if (reaches(type, type)) this.recursive.add(type);
    }
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

function reaches(from: NamedType, goal: NamedType): boolean {
  const seen = new Set<NamedType>();
  const waiting = neighbours(from, goal);
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (type === goal) return true;
    if (seen.has(type)) continue;
    seen.add(type);
    waiting.push(...neighbours(type, goal));
  }
  return false;
}

/** The named types in a type. For a typedef only typedefs count: whatever else it leads to counts for itself. */
function neighbours(type: NamedType, goal: NamedType): NamedType[] {
  const all = fieldTypes(type).flatMap(namedIn);
  return goal.kind === "typedef" ? all.filter((other) => other.kind === "typedef") : all;
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
