import { KvError } from "../../kv/client/errors.ts";
import type { KvClient } from "../../kv/client/kv-client.ts";
import { KV_VALUE_MAX, type KvPutOk, type KvReplicasOk } from "../../kv/gen/kv.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import { formatData, parseData } from "./data-text.ts";
import { render } from "./output-format.ts";
import { withCondition } from "./write-condition.ts";

export interface PutOptions {
  readonly ifRevision?: number;
  readonly ifAbsent?: boolean;
  /** How long to wait until all servers have the write, in milliseconds; false: do not ask. */
  readonly wait: number | false;
}

/** So long the servers have, besides the wait that was asked for, to tell on how many of them a write is. */
const REPLICAS_TIMEOUT_MS = 1_000;

export async function put(
  context: CommandContext,
  keyText: string,
  valueText: string,
  options: PutOptions,
): Promise<void> {
  const { io } = context;
  const { hex, output } = context.options;
  const key = Buffer.from(parseData(keyText, hex));
  const value = valueText === "-" ? await readValue(io.stdin(), hex) : parseData(valueText, hex);
  const ifRevision = options.ifAbsent === true ? 0 : options.ifRevision;
  const kv = context.connect();
  const ok = await withCondition(key, hex, ifRevision, (condition) => kv.put(key, value, condition));
  const replicas = options.wait === false ? NOT_ASKED : await countReplicas(kv, ok, options.wait);
  if (replicas.problem !== undefined) {
    await io.stderr.write(
      `kv_client: written, but the nodes that have it were not counted: ${replicas.problem}\n`,
    );
  }
  const text = await render(output, {
    simple: () => `OK${replicas.note}\n`,
    json: () => ({ status: "OK", ...ok, ...replicas.count }),
    table: () => ({
      titles: ["KEY", ">REVISION", ">PREVIOUS", ">VERSION", "REPLICAS"],
      rows: [
        [
          formatData(key, hex),
          String(ok.revision),
          String(ok.prevRevision),
          String(ok.keyVersion),
          replicasCell(replicas.count),
        ],
      ],
    }),
  });
  await io.stdout.write(text);
}

/** What is known of where a write is. */
interface Replication {
  /** As it is put behind `OK`. */
  readonly note: string;
  readonly count: KvReplicasOk | undefined;
  /** Why it is not known better. */
  readonly problem: string | undefined;
}

const NOT_ASKED: Replication = { note: "", count: undefined, problem: undefined };

async function countReplicas(kv: KvClient, { revision }: KvPutOk, waitMs: number): Promise<Replication> {
  try {
    const count = await kv.replicas(revision, { waitMs, timeoutMs: REPLICAS_TIMEOUT_MS });
    return { note: ` (replicated to ${countText(count)})`, count, problem: undefined };
  } catch (error) {
    if (!(error instanceof KvError)) throw error;
    // The write itself was acknowledged, and that takes a majority.
    return { note: " (replicated to a majority of the nodes)", count: undefined, problem: error.message };
  }
}

function countText({ replicas, members }: KvReplicasOk): string {
  const nodes = members === 1 ? "node" : "nodes";
  return replicas === members ? `${members} ${nodes}` : `${replicas} of ${members} ${nodes}`;
}

function replicasCell(count: KvReplicasOk | undefined): string {
  return count === undefined ? "a majority" : `${count.replicas} of ${count.members}`;
}

/** All of standard input; never more than a little beyond what a value may have. */
async function readValue(stdin: AsyncIterable<Uint8Array>, hex: boolean): Promise<Uint8Array> {
  // In hex a byte takes two digits, and there may be line ends between them.
  const limitBytes = hex ? 3 * KV_VALUE_MAX : KV_VALUE_MAX;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > limitBytes) {
      const problem = `standard input has more than ${limitBytes} bytes`;
      throw new CommandFailure(ExitCode.REFUSED, `${problem}; a value has at most ${KV_VALUE_MAX}`);
    }
  }
  const all = Buffer.concat(chunks);
  return hex ? parseData(all.toString("latin1").replace(/\s+/g, ""), true) : all;
}
