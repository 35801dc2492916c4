import { codec } from "./emit-codec.ts";
import type { EmitContext } from "./emit-context.ts";
import { decodeExpression, decodeFields, fieldLabel, property } from "./emit-decode.ts";
import { docComment } from "./emit-doc.ts";
import { encodeStatements, governed } from "./emit-encode.ts";
import { member } from "./emit-struct.ts";
import { typeText } from "./emit-type.ts";
import {
  coversAll,
  type DiscriminantType,
  discriminantType,
  type FieldModel,
  isToldApartByFields,
  type LabelModel,
  reachableDefault,
  type UnionModel,
} from "./model.ts";
import {
  block,
  call,
  group,
  indent,
  join,
  line,
  object,
  type Printable,
  type SwitchCase,
  softLine,
  switchBlock,
  whenBroken,
} from "./printable.ts";

/** A union: a TypeScript union with an object type an arm, told apart by the discriminant, and a codec. */
export function emitUnion(type: UnionModel, context: EmitContext): Printable[] {
  const emitter = new UnionEmitter(type, context);
  const bodies = { encode: emitter.encode(), decode: emitter.decode() };
  return [emitter.definition(), ...codec(type, bodies, context)];
}

/** An arm as the emitter sees it: the default arm is one whose labels are all the others. */
interface Arm {
  readonly labels: readonly LabelModel[];
  readonly field: FieldModel | undefined;
  readonly doc: readonly string[];
  readonly isDefault: boolean;
}

class UnionEmitter {
  private readonly type: UnionModel;
  private readonly context: EmitContext;
  private readonly discriminant: DiscriminantType;
  private readonly arms: readonly Arm[];
  /** The name of the discriminant, as a property. */
  private readonly tag: string;
  /** What an error says of the discriminant. */
  private readonly tagLabel: string;
  private readonly needsFieldTests: boolean;

  constructor(type: UnionModel, context: EmitContext) {
    this.type = type;
    this.context = context;
    this.discriminant = discriminantType(type);
    const arms = type.arms.map((arm) => ({ ...arm, isDefault: false }));
    const otherwise = reachableDefault(type);
    this.arms = otherwise === undefined ? arms : [...arms, { ...otherwise, labels: [], isDefault: true }];
    this.tag = context.names.field(type.discriminant);
    this.tagLabel = fieldLabel(type.name, type.discriminant);
    this.needsFieldTests = isToldApartByFields(type);
  }

  definition(): Printable {
    const doc = docComment(this.type.doc.length === 0 ? [`union ${this.type.name}`] : this.type.doc);
    const head = `export type ${this.context.names.type(this.type)} =`;
    const [only, ...others] = this.arms;
    if (only !== undefined && others.length === 0) return [doc, head, " ", this.armType(only), ";"];
    const arms = joined(this.arms.map((arm) => indent(this.armType(arm))));
    return [doc, head, group(indent(line, whenBroken("| "), arms)), ";"];
  }

  /** `{ readonly status: typeof KvStatus.KV_OK; readonly ok: KvPutOk }` */
  private armType(arm: Arm): Printable {
    const tag = [`readonly ${this.tag}: `, this.tagType(arm)];
    const { field } = arm;
    if (arm.doc.length > 0) {
      const doc = docComment(arm.doc, 6);
      if (field === undefined) return block([[doc, tag, ";"]]);
      return block([[tag, ";"], member(field, this.context)]);
    }
    if (field === undefined) return objectType([tag]);
    const { names } = this.context;
    return objectType([tag, `readonly ${names.field(field)}: ${typeText(field.type, this.context)}`]);
  }

  private tagType(arm: Arm): Printable {
    if (!arm.isDefault) return group(joined(arm.labels.map((label) => this.labelType(label))));
    const labels = this.type.arms.flatMap((other) => other.labels);
    switch (this.discriminant.kind) {
      case "enum":
        return this.excluding(labels);
      case "bool":
        return labels.some((label) => label.value === 1) ? "false" : "true";
      default:
        return "number";
    }
  }

  private excluding(labels: readonly LabelModel[]): Printable {
    const union = joined(labels.map((label) => this.labelType(label)));
    return group(
      "Exclude<",
      indent(softLine, typeText(this.type.discriminant.type, this.context), ",", line, group(union)),
      softLine,
      ">",
    );
  }

  private labelType(label: LabelModel): string {
    return label.constant === undefined ? this.labelValue(label) : `typeof ${this.labelValue(label)}`;
  }

  private labelValue(label: LabelModel): string {
    if (label.constant !== undefined) return this.context.names.reference(label.constant);
    return this.discriminant.kind === "bool" ? String(label.value === 1) : String(label.value);
  }

  encode(): Printable[] {
    const tag = `value.${this.tag}`;
    const cases = this.arms.map((arm) => {
      const statements = this.encodeArm(arm);
      return this.switchCase(arm, arm.isDefault ? statements : [...statements, "break;"]);
    });
    if (this.lacksArms())
      cases.push({ labels: ["default:"], statements: [this.noArm(`"there is no arm for it"`)] });
    return [
      ...encodeStatements(this.type.discriminant.type, tag, this.tagLabel, this.context),
      switchBlock(tag, cases),
    ];
  }

  private encodeArm(arm: Arm): Printable[] {
    const { field, isDefault } = arm;
    if (field === undefined) return isDefault ? ["break;"] : [];
    const name = this.context.names.field(field);
    const label = fieldLabel(this.type.name, field);
    const statements = encodeStatements(field.type, `value.${name}`, label, this.context);
    if (!this.needsFieldTests) return statements;
    const error = this.noArm(`"the value is of another arm"`);
    return [governed(`if (!("${name}" in value))`, [error]), ...statements];
  }

  decode(): Printable[] {
    const { discriminant } = this.type;
    const local = this.context.names.local(discriminant);
    const tag = property(this.tag, local);
    const cases = this.arms.map((arm): SwitchCase => {
      const fields = arm.field === undefined ? [] : [arm.field];
      const statements = decodeFields(this.type.name, fields, this.context, { ahead: [tag] });
      return { ...this.switchCase(arm, statements), hasVariables: statements.length > 1 };
    });
    if (this.lacksArms()) {
      cases.push({ labels: ["default:"], statements: [this.noArm(`\`there is no arm for \${${local}}\``)] });
    }
    const read = decodeExpression(discriminant.type, this.tagLabel, this.context);
    return [[`const ${local} = `, read, ";"], switchBlock(local, cases)];
  }

  private switchCase(arm: Arm, statements: readonly Printable[]): SwitchCase {
    if (arm.isDefault) return { labels: ["default:"], statements };
    return { labels: arm.labels.map((label) => `case ${this.labelValue(label)}:`), statements };
  }

  /** Whether some values of the discriminant select nothing, and so are not values of the union (RFC 4506 §4.15). */
  private lacksArms(): boolean {
    return !coversAll(this.type) && this.type.otherwise === undefined;
  }

  private noArm(problem: string): Printable {
    const error = `throw new ${this.context.imports.xdr("XdrError")}`;
    return [call(error, [`"XDR_BAD_UNION"`, problem, this.tagLabel]), ";"];
  }
}

/** `A | B | C` */
function joined(types: readonly Printable[]): Printable {
  return join([line, "| "], types);
}

/** `{ member; member }`, or a line each. */
function objectType(members: readonly Printable[]): Printable {
  return object(members, ";");
}
