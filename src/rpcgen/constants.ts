import type { Constant, EnumMember, Value } from "./ast.ts";
import type { Bound, ConstantModel, EnumMemberModel, EnumModel } from "./model.ts";
import { type Declared, describe, type Scope } from "./scope.ts";
import type { Span } from "./source.ts";

export const INT_MIN = -0x8000_0000;
export const INT_MAX = 0x7fff_ffff;
export const UINT_MAX = 0xffff_ffff;

/** A value that was written as a number or as the name of one. */
export interface Evaluated {
  readonly value: bigint;
  readonly constant: ConstantModel | EnumMemberModel | undefined;
}

type MemberDeclared = Extract<Declared, { kind: "member" }>;

/** Computes what stands where the grammar says `value`. */
export class Constants {
  private readonly scope: Scope;
  private readonly members = new Map<EnumMember, EnumMemberModel | "under way">();

  constructor(scope: Scope) {
    this.scope = scope;
  }

  /** undefined when it has none, which is then reported. */
  evaluate(node: Value): Evaluated | undefined {
    if (node.kind === "constant") return { value: node.value, constant: undefined };
    const declared = this.scope.find(node);
    if (declared === undefined) return undefined;
    if (declared.kind === "const") return { value: declared.value, constant: declared };
    if (declared.kind === "member") {
      const member = this.member(declared.node, declared.owner);
      return member && { value: BigInt(member.value), constant: member };
    }
    this.scope.report(`"${node.text}" is ${describe(declared)}, not a constant`, node.span);
    return undefined;
  }

  /** The member of an enum, whose value may be that of another member (RFC 4506 §4.3: any constant). */
  member(node: EnumMember, owner: EnumModel): EnumMemberModel | undefined {
    const known = this.members.get(node);
    if (known === "under way") {
      this.scope.report(`the value of "${node.name.text}" depends on itself`, node.value.span);
      return undefined;
    }
    if (known !== undefined) return known;
    // Those that the value comes from first, in a loop: a chain of them may be longer than the stack is deep.
    let computed: EnumMemberModel | undefined;
    for (const link of this.unknownBehind(node, owner).reverse()) computed = this.compute(link);
    return computed;
  }

  /** The member and those behind it, each the value of the one before, up to one that is known or is no member. */
  private unknownBehind(node: EnumMember, owner: EnumModel): MemberDeclared[] {
    const found: MemberDeclared[] = [];
    let next: Declared | undefined = { kind: "member", node, owner };
    while (next?.kind === "member" && !this.members.has(next.node)) {
      this.members.set(next.node, "under way");
      found.push(next);
      const { value }: EnumMember = next.node;
      next = value.kind === "reference" ? this.scope.look(value) : undefined;
    }
    return found;
  }

  private compute({ node, owner }: MemberDeclared): EnumMemberModel {
    const evaluated = this.evaluate(node.value);
    const inRange =
      evaluated !== undefined &&
      this.inRange(evaluated.value, INT_MIN, INT_MAX, `the value of "${node.name.text}"`, node.value.span);
    // What could not be computed counts as zero: it was reported, and what depends on it need not be again.
    const value = inRange ? Number(evaluated.value) : 0;
    const member: EnumMemberModel = { kind: "member", name: node.name.text, value, owner, doc: node.doc };
    this.members.set(node, member);
    return member;
  }

  /** The length or bound of an array, opaque or string (RFC 4506 §6.4 (2)). */
  bound(node: Value): Bound | undefined {
    const evaluated = this.evaluate(node);
    if (evaluated === undefined) return undefined;
    if (!this.inRange(evaluated.value, 0, UINT_MAX, "a length", node.span)) return undefined;
    return { value: Number(evaluated.value), constant: evaluated.constant };
  }

  /** The number of a program, version or procedure: unsigned (RFC 5531 §12.3 (5)). */
  number(node: Constant, what: string): number {
    return this.inRange(node.value, 0, UINT_MAX, `the number of ${what}`, node.span) ? Number(node.value) : 0;
  }

  inRange(value: bigint, low: number, high: number, what: string, span: Span): boolean {
    if (value >= BigInt(low) && value <= BigInt(high)) return true;
    this.scope.report(`${what} must be ${low} to ${high}, not ${value}`, span);
    return false;
  }
}
