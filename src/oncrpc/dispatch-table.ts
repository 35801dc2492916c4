import { voidCodec } from "../xdr/index.ts";
import type { VersionRange } from "./errors.ts";
import type { RpcService, ServiceProcedure } from "./procedure.ts";

// biome-ignore lint/suspicious/noExplicitAny: the rows differ in their types; each is consistent in itself
export type DispatchRow = ServiceProcedure<any, any>;

/** One version of a program. */
export interface DispatchVersion {
  readonly prog: number;
  readonly vers: number;
  readonly rows: ReadonlyMap<number, DispatchRow>;
}

interface Program {
  readonly range: VersionRange;
  readonly versions: ReadonlyMap<number, DispatchVersion>;
}

/** Which handler answers which procedure of which version of which program. */
export class DispatchTable {
  private readonly programs = new Map<number, Program>();
  /** Nearly all calls of a server go to the same version of the same program. */
  private latest: DispatchVersion | undefined;

  /** @throws RangeError when two services have the same program and version */
  constructor(services: readonly RpcService[]) {
    for (const service of services) this.add(service);
  }

  /** The version of a program; undefined when the server has not got it. */
  version(prog: number, vers: number): DispatchVersion | undefined {
    const { latest } = this;
    if (latest !== undefined && latest.prog === prog && latest.vers === vers) return latest;
    const found = this.programs.get(prog)?.versions.get(vers);
    if (found !== undefined) this.latest = found;
    return found;
  }

  /** The lowest and highest version of a program; undefined when the server has not got the program. */
  versionRange(prog: number): VersionRange | undefined {
    return this.programs.get(prog)?.range;
  }

  private add(service: RpcService): void {
    const { prog, vers, name } = service;
    const others = this.programs.get(prog)?.versions ?? new Map<number, DispatchVersion>();
    if (others.has(vers)) throw new RangeError(`${name}: program ${prog} version ${vers} is served twice`);
    const rows = new Map<number, DispatchRow>(service.procedures);
    if (!rows.has(0)) rows.set(0, nullRow(service));
    const versions = new Map([...others, [vers, { prog, vers, rows }]]);
    const numbers = [...versions.keys()];
    this.programs.set(prog, {
      range: { low: Math.min(...numbers), high: Math.max(...numbers) },
      versions,
    });
  }
}

/** Procedure 0 does nothing, for pings and measurements, in every program (RFC 5531 §12.1). */
function nullRow({ name, prog, vers }: RpcService): DispatchRow {
  return {
    procedure: { name: `${name}_NULL`, prog, vers, proc: 0, args: voidCodec, result: voidCodec },
    handler: () => undefined,
  };
}
